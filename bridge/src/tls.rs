//! The certificate authorities of a master.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{
    MasterSettings,
    driver::{DriverError, DriverResult},
};

/// `None`: the authorities of the system are trusted.
pub(crate) fn client_config(settings: &MasterSettings) -> DriverResult<Option<Arc<ClientConfig>>> {
    // Needed before the first TLS connection of the process; installing it twice is harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = &settings.ca_file;
    if file.is_empty() {
        return Ok(None);
    }
    let roots = roots(file).map_err(|why| DriverError::Setting(format!("`ca_file`: the file {file} {why}")))?;
    Ok(Some(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())))
}

fn roots(file: &str) -> Result<RootCertStore, String> {
    let unreadable = |error: rustls::pki_types::pem::Error| format!("cannot be read as PEM: {error}");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?).map_err(|error| format!("holds no authority: {error}"))?;
    }
    if roots.is_empty() { Err("holds no certificate".to_owned()) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn refused(ca_file: &str) -> String {
        let settings = MasterSettings { ca_file: ca_file.to_owned(), ..MasterSettings::default() };
        match client_config(&settings) {
            Err(DriverError::Setting(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_without_an_authority_is_refused() {
        assert!(refused("/nowhere/ca.pem").starts_with("`ca_file`: the file /nowhere/ca.pem cannot be read"));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        assert!(refused(file.path().to_str().unwrap()).contains("holds no certificate"));
        file.write_all(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(refused(file.path().to_str().unwrap()).contains("holds no authority"));
    }

    #[test]
    fn without_a_file_the_authorities_of_the_system_are_trusted() {
        assert!(client_config(&MasterSettings::default()).unwrap().is_none());
    }
}
