"""Certificates for TLS on both sides, made in a moment: with keys on a curve."""

import datetime
import ipaddress

import needs

DAY = datetime.timedelta(days=1)


def private(path, data):
    """A file that only its owner can read."""
    path.touch(0o600)
    path.write_bytes(data)
    return path


class Authority:
    def __init__(self):
        needs.module("cryptography", "python3-cryptography")
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        self.x509, self.hashes, self.text, self.ec = x509, hashes, serialization, ec
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = self._name("the authority")
        self.cert = self._sign("the authority", self.key.public_key(), DAY, None)
        self.pem = self.cert.public_bytes(serialization.Encoding.PEM)

    def _name(self, text):
        return self.x509.Name([self.x509.NameAttribute(self.x509.NameOID.COMMON_NAME, text)])

    def _sign(self, name, key, lasts, use):
        x509, now = self.x509, datetime.datetime.utcnow()
        builder = x509.CertificateBuilder().subject_name(self._name(name)).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - 3 * DAY).not_valid_after(now + lasts)
        builder = builder.add_extension(x509.BasicConstraints(use is None, None), True)
        if use:
            hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), False)
            builder = builder.add_extension(x509.ExtendedKeyUsage(use), False)
        return builder.sign(self.key, self.hashes.SHA256())

    def issue(self, name, lasts=DAY, for_callers=False):
        """A certificate and its key, in PEM."""
        uses = self.x509.ExtendedKeyUsageOID
        key = self.ec.generate_private_key(self.ec.SECP256R1())
        cert = self._sign(name, key.public_key(), lasts, [uses.CLIENT_AUTH if for_callers else uses.SERVER_AUTH])
        text = self.text
        return cert.public_bytes(text.Encoding.PEM), key.private_bytes(
            text.Encoding.PEM, text.PrivateFormat.PKCS8, text.NoEncryption())


class Keys:
    """Certificates of one authority in a folder: tls.crt and tls.key are the daemon's."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority()
        self.ca = folder / "ca.crt"
        self.ca.write_bytes(self.authority.pem)
        self.cert, self.key = folder / "tls.crt", folder / "tls.key"

    def issue(self, name, authority=None, **options):
        """Path of the certificate; the key lies beside it."""
        cert, key = (authority or self.authority).issue(name, **options)
        private(self.folder / f"{name}.key", key)
        return private(self.folder / f"{name}.crt", cert)

    def caller(self, name, **options):
        return self.issue(name, for_callers=True, **options)

    def install(self, name, **options):
        """<name> becomes what the daemon shows, as a tool would do it: first the one file, then the other."""
        for target, data in zip((self.cert, self.key), self.authority.issue(name, **options)):
            private(target.with_suffix(".new"), data).rename(target)

    def tls(self, **more):
        """For a listener."""
        return {"cert": str(self.cert), "key": str(self.key), **more}
