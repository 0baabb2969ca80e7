use std::fmt;

use redis::{ClientTlsConfig, TlsCertificates};

/// Whom to trust, and who this client is; the system's store of certificates unless said.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    given: Option<Box<TlsCertificates>>,
}

impl Certificates {
    pub(crate) fn get(&self) -> Option<&TlsCertificates> {
        self.given.as_deref()
    }

    pub(crate) fn trust(&mut self, root: Vec<u8>) {
        self.given().root_cert = Some(root);
    }

    pub(crate) fn identify(&mut self, client_cert: Vec<u8>, client_key: Vec<u8>) {
        self.given().client_tls = Some(ClientTlsConfig {
            client_cert,
            client_key,
        });
    }

    fn given(&mut self) -> &mut TlsCertificates {
        self.given.get_or_insert_with(|| {
            Box::new(TlsCertificates {
                client_tls: None,
                root_cert: None,
            })
        })
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("is_given", &self.given.is_some())
            .finish()
    }
}

/// The client asks the process which cryptography to use, and would panic where nobody has said so.
pub(crate) fn choose_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been quicker: then theirs is used.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    }
}
