//! From an address to a listening socket.
//!
//! All errors of the address surface here, before anything is served.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that wait to be accepted: as much as the kernel allows by default.
const BACKLOG: i32 = 1024;

/// The address of an [`Endpoint`](crate::Endpoint).
///
/// Converts from a port, a [`SocketAddr`], tokio's `TcpListener`, or an `Option<SocketAddr>`. `None`
/// does not listen at all.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
/// use metrics_endpoint::BindAddress;
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

/// Why an endpoint could not be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The address could not be bound: in use, not local, or not permitted.
    #[error("cannot bind the metrics endpoint to {address}")]
    #[non_exhaustive]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The local address of the listener that was passed in is unknown.
    #[error("cannot read the local address of the metrics listener")]
    #[non_exhaustive]
    LocalAddress {
        /// The error of the operating system.
        source: io::Error,
    },
}

impl BindAddress {
    /// Returns no listener, and an address that none can have, if the address is `None`.
    pub(crate) fn listen(self) -> Result<(Option<TcpListener>, SocketAddr), BindError> {
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

/// Listens on IPv6 and IPv4, or on IPv4 alone if the system has no IPv6.
fn listen_everywhere(port: u16) -> Result<TcpListener, BindError> {
    match listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        // A port that is in use on either family is in use.
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
    // A restarted program gets its port back at once. On Windows the option has another meaning.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
