//! Reads the files and builds the TLS configuration.
//!
//! All or nothing: a certificate, its key and the authorities are used together.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{
    self, DEFAULT_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion,
};

use super::{Authorities, TlsError, TlsFiles, TlsVersion};

#[cfg(test)]
mod tests;

/// The limit of a Secret.
const MAX_BYTES: u64 = 1 << 20;
/// The only supported protocol.
const PROTOCOL: &[u8] = b"http/1.1";
/// In the first line of an encrypted key, as PKCS #8 and as older tools write it.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// Reads one file.
type Read<'a> = &'a dyn Fn(&Path) -> Result<Vec<u8>, TlsError>;

/// The contents of the files. Not `Debug`, because of the private key.
#[derive(PartialEq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// The contents of matching files, and their configuration.
pub(super) struct Loaded {
    contents: Contents,
    pub(super) config: Arc<ServerConfig>,
}

impl Loaded {
    pub(super) fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        Self::from(files, Contents::read(files, &read)?, &read)
    }

    /// Reads the files again; returns `None` if they have not changed.
    pub(super) fn next(&self, files: &TlsFiles) -> Result<Option<Self>, TlsError> {
        self.next_by(files, &read)
    }

    /// With another way to read a file, so that tests can change the files between two reads.
    fn next_by(&self, files: &TlsFiles, read: Read<'_>) -> Result<Option<Self>, TlsError> {
        let contents = Contents::read(files, read)?;
        if contents == self.contents {
            return Ok(None);
        }
        Self::from(files, contents, read).map(Some)
    }

    fn from(files: &TlsFiles, contents: Contents, read: Read<'_>) -> Result<Self, TlsError> {
        let (contents, config) = match contents.config(files) {
            Ok(config) => (contents, config),
            Err(error) => {
                // The files may have been replaced between two of the reads.
                let again = Contents::read(files, read)?;
                if again == contents {
                    return Err(error);
                }
                let config = again.config(files)?;
                (again, config)
            }
        };
        Ok(Self {
            contents,
            config: Arc::new(config),
        })
    }
}

impl Contents {
    fn read(files: &TlsFiles, read: Read<'_>) -> Result<Self, TlsError> {
        // The kubelet removes the old folder right after it has replaced the link to it, so a read
        // that began before may fail.
        Self::try_read(files, read).or_else(|_| Self::try_read(files, read))
    }

    fn try_read(files: &TlsFiles, read: Read<'_>) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            client_ca: match &files.client_ca {
                Some(Authorities::File(path)) => Some(read(path)?),
                Some(Authorities::Pem(pem)) => Some(pem.to_vec()),
                None => None,
            },
        })
    }

    fn config(&self, files: &TlsFiles) -> Result<ServerConfig, TlsError> {
        let pair_error = |source: rustls::Error| TlsError::Pair {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            source: source.into(),
        };
        let chain = certificates(&self.certificate, &files.certificate)?;
        let key = private_key(&self.key, &files.key)?;
        // Named explicitly: it does not matter which default the process has installed.
        let provider = Arc::new(ring::default_provider());
        let versions: &[&SupportedProtocolVersion] = match files.min_version {
            TlsVersion::Tls12 => DEFAULT_VERSIONS,
            TlsVersion::Tls13 => &[&TLS13],
        };
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(pair_error)?;
        let config = match (&self.client_ca, &files.client_ca) {
            (Some(pem), Some(authorities)) => {
                let path = match authorities {
                    Authorities::File(path) => path,
                    Authorities::Pem(_) => Path::new("memory"),
                };
                config.with_client_cert_verifier(verifier(pem, path, provider)?)
            }
            _ => config.with_no_client_auth(),
        };
        let mut config = config.with_single_cert(chain, key).map_err(pair_error)?;
        if self.client_ca.is_some() {
            // A resumed session would reuse the client's certificate without checking whether it has
            // expired.
            config.session_storage = Arc::new(NoServerSessionStorage {});
        }
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let try_read = || {
        // Opening a FIFO would wait for a writer.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        let mut bytes = Vec::new();
        let mut file = File::open(path)?.take(MAX_BYTES + 1);
        file.read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "longer than 1 MiB",
            ));
        }
        Ok(bytes)
    };
    try_read().map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

fn private_key(pem: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let unsupported = || TlsError::Key {
        path: path.to_owned(),
    };
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|source| {
        let is_encrypted = pem.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED);
        if is_encrypted {
            unsupported()
        } else {
            pem_error(path, "private key", source)
        }
    })?;
    match any_supported_type(&key) {
        Ok(_) => Ok(key),
        Err(_) => Err(unsupported()),
    }
}

/// Returns at least one certificate.
fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.and_then(|found| {
        if found.is_empty() {
            Err(pem::Error::NoItemsFound)
        } else {
            Ok(found)
        }
    });
    found.map_err(|source| pem_error(path, "certificate", source))
}

fn pem_error(path: &Path, item: &'static str, source: pem::Error) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        item,
        source: source.into(),
    }
}

fn verifier(
    pem: &[u8],
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let error = |source| TlsError::ClientCa {
        path: path.to_owned(),
        source,
    };
    let mut roots = RootCertStore::empty();
    for authority in certificates(pem, path)? {
        roots
            .add(authority)
            .map_err(|source| error(source.into()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        // A client without a certificate gets a 403 over HTTP, and probes are served.
        .allow_unauthenticated()
        .build()
        .map_err(|source| error(source.into()))
}
