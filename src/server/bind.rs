//! From an address to a listening socket.
//!
//! Fails here or not at all: nothing is served yet.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that wait to be accepted; what std and Go ask for where the system allows it.
const BACKLOG: i32 = 1024;

/// Where a [`MetricsServer`](crate::MetricsServer) listens.
///
/// Made from a port, a [`SocketAddr`], tokio's `TcpListener`, or an `Option<SocketAddr>`, whose
/// `None` means nowhere.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
/// use gotk_metrics::BindAddress;
///
/// let everywhere = BindAddress::from(8080);
/// let loopback = BindAddress::from(SocketAddr::from(([127, 0, 0, 1], 8080)));
/// # drop((everywhere, loopback));
/// ```
#[derive(Debug)]
pub struct BindAddress(Kind);

#[derive(Debug)]
enum Kind {
    Port(u16),
    Address(SocketAddr),
    Listener(TcpListener),
    Nowhere,
}

impl From<u16> for BindAddress {
    fn from(port: u16) -> Self {
        Self(Kind::Port(port))
    }
}

impl From<SocketAddr> for BindAddress {
    fn from(address: SocketAddr) -> Self {
        Self(Kind::Address(address))
    }
}

impl From<TcpListener> for BindAddress {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Listener(listener))
    }
}

impl From<Option<SocketAddr>> for BindAddress {
    fn from(address: Option<SocketAddr>) -> Self {
        Self(address.map_or(Kind::Nowhere, Kind::Address))
    }
}

/// Why a metrics server could not be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The address could not be bound: in use, not local, or not permitted.
    #[error("bind metrics server to {address}")]
    #[non_exhaustive]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system answered.
        source: io::Error,
    },
    /// The listener that was passed in does not know its address.
    #[error("read the local address of the metrics listener")]
    #[non_exhaustive]
    LocalAddress {
        /// What the operating system answered.
        source: io::Error,
    },
}

impl BindAddress {
    /// Nowhere is no listener, at an address that none can have.
    pub(super) fn listen(self) -> Result<(Option<TcpListener>, SocketAddr), BindError> {
        let listener = match self.0 {
            Kind::Port(port) => listen_everywhere(port)?,
            Kind::Address(address) => listen(address)?,
            Kind::Listener(listener) => listener,
            Kind::Nowhere => return Ok((None, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))),
        };
        match listener.local_addr() {
            Ok(address) => Ok((Some(listener), address)),
            Err(source) => Err(BindError::LocalAddress { source }),
        }
    }
}

/// On IPv6 and IPv4 at once, or on IPv4 where the system has no IPv6.
fn listen_everywhere(port: u16) -> Result<TcpListener, BindError> {
    match listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        // A port taken on either family is taken.
        Err(BindError::Bind { source, .. }) if source.kind() != io::ErrorKind::AddrInUse => {
            listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
        }
        bound => bound,
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, BindError> {
    try_listen(address).map_err(|source| BindError::Bind { address, source })
}

fn try_listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        // Systems differ in their default.
        socket.set_only_v6(false)?;
    }
    // A restarted controller gets its port back at once. On Windows the option means another thing.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
