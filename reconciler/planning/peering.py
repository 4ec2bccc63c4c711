"""What the instances of a cluster are told of each other: files and variables.

Decides their texts from the peers' names and addresses alone. It must not know how peers get
these, nor engines.
"""

from collections.abc import Sequence
from typing import Final

from reconciler.model.cluster import Peer
from reconciler.model.spec import Pairs
from reconciler.model.staging import SCRATCH as HOME

PEERS: Final = f"{HOME}/peers"
SSH: Final = f"{HOME}/ssh"
# What reaches a peer in ssh's place: its configuration is not where ssh looks by itself.
_AGENT: Final = f"ssh -F {SSH}/config"


def hostfile(peers: Sequence[Peer]) -> str:
    """Return what mpirun reads: a line `NAME slots=N` for each peer, the master first."""
    return "".join(f"{peer.name} slots={peer.slots}\n" for peer in peers)


def peers_file(peers: Sequence[Peer]) -> str:
    """Return a line `ADDRESS NAME` for each peer, as in /etc/hosts, the master first."""
    return "".join(f"{peer.address} {peer.name}\n" for peer in peers)


def cluster_variables(peers: Sequence[Peer], rank: int, hosts: str) -> Pairs:
    """Return what the peer of this rank finds in its environment; `hosts` is its hostfile's path.

    The master is the peer of rank 0.
    """
    return (
        ("CLUSTER_SIZE", str(len(peers))),
        ("CLUSTER_RANK", str(rank)),
        ("CLUSTER_MASTER", peers[0].name),
        ("CLUSTER_HOSTS", ",".join(peer.name for peer in peers)),
        ("CLUSTER_ADDRESSES", ",".join(peer.address for peer in peers)),
        ("CLUSTER_HOSTFILE", hosts),
    )


def mpi_variables(hosts: str, subnet: str = "") -> Pairs:
    """Return Open MPI's own settings, of version 4 (OMPI) and 5 (PRTE); for clusters with ssh.

    They are defaults: a variable of the same name that a manifest sets goes before one of these.
    `subnet`, such as 10.1.2.0/24, keeps its messages on the cluster's own network: it would try
    any that two peers seem to share, bridges of different engines too.
    """
    settings = {
        "OMPI_MCA_orte_default_hostfile": hosts,
        "PRTE_MCA_prte_default_hostfile": hosts,
        "OMPI_MCA_plm_rsh_agent": _AGENT,
        "PRTE_MCA_plm_ssh_agent": _AGENT,
        # Each container would take the same first processors of a machine for its own.
        "OMPI_MCA_hwloc_base_binding_policy": "none",
        "PRTE_MCA_hwloc_default_binding_policy": "none",
        # Who waits by trying again and again uses up what the others may use of processors.
        "OMPI_MCA_mpi_yield_when_idle": "1",
        # It refuses root, which in a container without capabilities is nobody in particular.
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_ALLOW_RUN_AS_ROOT": "1",
        "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    if subnet:
        for name in ("OMPI_MCA_btl_tcp", "OMPI_MCA_oob_tcp", "PRTE_MCA_prte", "PMIX_MCA_ptl_tcp"):
            settings[f"{name}_if_include"] = subnet
    return tuple(sorted(settings.items()))
