//! The smallest client of HTTPS that can tell what a server sent.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::certificates::{Authority, Pair};

/// Longer than anything takes; what takes longer hangs.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// What a client brings to a handshake.
#[derive(Clone)]
pub(crate) struct Client {
    roots: Arc<RootCertStore>,
    pair: Option<Pair>,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<Vec<u8>>,
}

impl Client {
    /// Trusts these.
    pub(crate) fn of(authorities: &[&Authority]) -> Self {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            let der = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
            roots.add(der).unwrap();
        }
        Self {
            roots: Arc::new(roots),
            pair: None,
            versions: vec![&TLS12, &TLS13],
            protocols: Vec::new(),
        }
    }

    pub(crate) fn showing(mut self, pair: &Pair) -> Self {
        self.pair = Some(pair.clone());
        self
    }

    pub(crate) fn speaking(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    pub(crate) fn offering(mut self, protocols: &[&str]) -> Self {
        self.protocols = protocols
            .iter()
            .map(|one| one.as_bytes().to_vec())
            .collect();
        self
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots));
        let mut config = match &self.pair {
            None => config.with_no_client_auth(),
            Some(pair) => {
                let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes());
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
                let chain = chain.map(Result::unwrap).collect();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols.clone_from(&self.protocols);
        config
    }

    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
    ) -> io::Result<Connection<TlsStream<TcpStream>>> {
        self.connect_with(Arc::new(self.config()), address).await
    }

    /// What is known of the server stays in `config`.
    pub(crate) async fn connect_with(
        &self,
        config: Arc<ClientConfig>,
        address: SocketAddr,
    ) -> io::Result<Connection<TlsStream<TcpStream>>> {
        let connector = TlsConnector::from(config);
        let shake_hands = async {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("localhost").unwrap();
            connector.connect(name, stream).await
        };
        let stream = timeout(LONG, shake_hands)
            .await
            .expect("a handshake ends")?;
        Ok(Connection {
            stream,
            rest: Vec::new(),
        })
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(&self, address: SocketAddr, target: &str) -> io::Result<Response> {
        self.connect(address).await?.get(target, "").await
    }
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The value of the only sample of `name`.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> u64 {
        let line = self
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = line.unwrap_or_else(|| panic!("no {name} in\n{}", self.text()));
        value.parse().unwrap()
    }
}

pub(crate) struct Connection<S> {
    pub(crate) stream: S,
    /// What was read and not used.
    rest: Vec<u8>,
}

impl Connection<TlsStream<TcpStream>> {
    /// Whether the server has shown the certificate of `pair`.
    pub(crate) fn met(&self, pair: &Pair) -> bool {
        let shown = self.stream.get_ref().1.peer_certificates().unwrap();
        let own = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
        shown.first() == Some(&own)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            rest: Vec::new(),
        }
    }

    pub(crate) async fn get(&mut self, target: &str, headers: &str) -> io::Result<Response> {
        self.send(target, headers).await?;
        let answer = timeout(LONG, self.answer()).await;
        answer.expect("an answer ends")
    }

    pub(crate) async fn send(&mut self, target: &str, headers: &str) -> io::Result<()> {
        let head = format!("GET {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.flush().await
    }

    pub(crate) async fn answer(&mut self) -> io::Result<Response> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        let head = head.to_ascii_lowercase();
        let status = head
            .strip_prefix("http/1.1 ")
            .and_then(|rest| rest.get(..3));
        let status = status.unwrap_or_else(|| panic!("no status in {head:?}"));
        let length = head.split("content-length: ").nth(1);
        let body = if let Some(length) = length.and_then(|rest| rest.split("\r\n").next()) {
            self.exactly(length.parse().unwrap()).await?
        } else {
            self.chunks().await?
        };
        Ok(Response {
            status: status.parse().unwrap(),
            body,
            head,
        })
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let length = String::from_utf8(self.until(b"\r\n").await?).unwrap();
            let length = usize::from_str_radix(&length, 16).unwrap();
            body.extend(self.exactly(length).await?);
            assert_eq!(self.exactly(2).await?, b"\r\n");
            if length == 0 {
                return Ok(body);
            }
        }
    }

    /// Reads to the end of the stream, however it ends.
    pub(crate) async fn drain(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.rest);
        let read = timeout(LONG, self.stream.read_to_end(&mut bytes)).await;
        let _ = read.expect("a read ends");
        bytes
    }

    /// Reads up to `end`, which is taken off.
    async fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            let mut windows = self.rest.windows(end.len());
            if let Some(position) = windows.position(|window| window == end) {
                let mut found: Vec<u8> = self.rest.drain(..position + end.len()).collect();
                found.truncate(position);
                return Ok(found);
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.rest.len() < length {
            self.more().await?;
        }
        Ok(self.rest.drain(..length).collect())
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.rest).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
