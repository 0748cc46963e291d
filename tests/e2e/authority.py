"""A private certificate authority and one server certificate for this host, as files."""

import trustme


class Authority:
    """`.ca_file`, and `.cert_file` with `.key_file` for 127.0.0.1 and localhost."""

    def __init__(self, folder):
        ca = trustme.CA()
        server = ca.issue_cert("localhost", "127.0.0.1")
        self.ca_file = folder / "ca.pem"
        self.cert_file = folder / "cert.pem"
        self.key_file = folder / "key.pem"
        ca.cert_pem.write_to_path(str(self.ca_file))
        server.private_key_pem.write_to_path(str(self.key_file))
        for blob in server.cert_chain_pems:
            blob.write_to_path(str(self.cert_file), append=True)
