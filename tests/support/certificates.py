"""Certificates of an authority that a test makes up, for engines and for those who call them."""

from pathlib import Path

from tests.support.git_servers import run


class Authority:
    """Signs keys in a folder of its own. `ca` is the certificate to trust."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, self._key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign", "-keyout", str(self._key),
            "-out", str(self.ca),
        )  # fmt: skip

    def sign(self, name: str, address: str = "") -> tuple[Path, Path]:
        """Return a certificate and its key: of a server at an address, or of one who calls."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        request, more = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        run(
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request),
        )  # fmt: skip
        use = f"serverAuth\nsubjectAltName=IP:{address}" if address else "clientAuth"
        more.write_text(f"extendedKeyUsage={use}\n")
        run(
            "openssl", "x509", "-req", "-days", "2", "-in", str(request), "-CA", str(self.ca),
            "-CAkey", str(self._key), "-CAcreateserial", "-extfile", str(more),
            "-out", str(certificate),
        )  # fmt: skip
        return certificate, key
