//! What a scraper sees of the server, on real sockets of the loopback interface.
//!
//! Every wait ends: reads, connects and the server's own end are all under one timeout.
#![cfg(feature = "server")]

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod encodings;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod own;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod running;
#[cfg(test)]
mod selections;
#[cfg(test)]
mod timeouts;
#[cfg(test)]
#[path = "../common/trickle.rs"]
mod trickle;
