"""Authorities and certificates by openssl, and a folder that changes as a mounted Secret does.

Keys stay in the folder that the caller gives, and go with it.
"""

import itertools
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)


class Pair:
    """A certificate and its key, as files."""

    def __init__(self, folder, name):
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"

    def texts(self):
        return {"tls.crt": self.certificate.read_text(), "tls.key": self.key.read_text()}


class Authority(Pair):
    def __init__(self, folder, name):
        super().__init__(folder, name)
        self.folder, self.name, self.numbers = folder, name, itertools.count()
        openssl("req", "-x509", *KEY, "-subj", f"/CN={name}", "-days", 1, "-keyout", self.key, "-out", self.certificate)

    def issue(self, name):
        """For the host `name`, or for a client of that name."""
        pair = Pair(self.folder, f"{self.name}-{next(self.numbers)}")
        request, extensions = pair.key.with_suffix(".csr"), pair.key.with_suffix(".ext")
        openssl("req", "-new", *KEY, "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request)
        extensions.write_text(f"subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", 1,
                "-extfile", extensions, "-out", pair.certificate)
        return pair


class Secret:
    """Files that are links through `..data`, which is exchanged, as the kubelet does it."""

    def __init__(self, folder, texts):
        self.folder, self.versions = folder, itertools.count()
        folder.mkdir()
        self.write(texts)
        for name in texts:
            (folder / name).symlink_to(f"..data/{name}")

    def write(self, texts):
        version = self.folder / f"..{next(self.versions)}"
        version.mkdir()
        for name, text in texts.items():
            (version / name).write_text(text)
        new = self.folder / "..data_tmp"
        new.symlink_to(version.name)
        new.rename(self.folder / "..data")
