//! The metrics server behind TLS, on real sockets of the loopback interface.
//!
//! Every wait ends: reads, connects and the server's own end are all under one timeout.

#[cfg(test)]
mod certificates;
#[cfg(test)]
mod client;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod running;
#[cfg(test)]
mod setup;
#[cfg(test)]
#[path = "../common/trickle.rs"]
mod trickle;
