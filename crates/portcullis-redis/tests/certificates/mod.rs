//! Certificates for tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority of the test's own, a server certificate and one for a client, all in files.
pub(crate) struct Certificates {
    directory: PathBuf,
    pub(crate) root: String,
    pub(crate) client: (String, String),
}

impl Certificates {
    /// For a server that is called so.
    pub(crate) fn create(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = format!("portcullis-redis-tls-{process}-{number}");
        let directory = std::env::temp_dir().join(directory);
        fs::create_dir(&directory).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let called = &mut params.distinguished_name;
        called.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().unwrap();
        let root = params.self_signed(&root_key).unwrap();
        let issuer = Issuer::from_params(&params, &root_key);
        let issue = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new([name.to_owned()]).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            let certificate = params.signed_by(&key, &issuer).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (certificate, key) = issue(name);
        for (file, text) in [
            ("root.pem", root.pem()),
            ("server.pem", certificate),
            ("server.key", key),
        ] {
            fs::write(directory.join(file), text).unwrap();
        }
        Self {
            root: root.pem(),
            client: issue("client"),
            directory,
        }
    }

    /// What a server is told to listen on this port by TLS, and whether it asks clients for a certificate.
    pub(crate) fn settings(&self, port: u16, asks_clients: &str) -> Vec<String> {
        let settings = [
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", self.path("server.pem")),
            ("--tls-key-file", self.path("server.key")),
            ("--tls-ca-cert-file", self.path("root.pem")),
            ("--tls-auth-clients", asks_clients.to_owned()),
        ];
        let words = settings.map(|(name, value)| [name.to_owned(), value]);
        words.concat()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.directory));
    }
}
