"""Open MPI over ssh between the instances of a cluster, none of them root."""

import pytest

from tests.e2e.project import Project, task
from tests.support.mpi import JOB, MPI_IMAGE, PROGRAMS, mpi_image

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module", autouse=True)
def _image() -> str:
    return mpi_image()


def test_the_programs_run_without_a_cluster(project: Project) -> None:
    script = f"mpirun -np 2 --oversubscribe python3 {JOB}/ring.py && python3 {JOB}/pi.py"
    mounts = [{"type": "bind", "source": str(PROGRAMS), "target": JOB, "readOnly": True}]
    alone = {"user": "1000:1000", "mounts": mounts}
    project.declare(task("alone", script, image=MPI_IMAGE, container=alone))
    project.apply("--wait")
    said = project.engine.logs(project.engine.name("alone")).splitlines()
    assert {"ring of 2: 1", "pi by 1: 3.141593"} <= {*said}
