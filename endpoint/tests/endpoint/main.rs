//! The endpoint on real sockets of the loopback interface, with an exposition of the test's own.
//!
//! Each test of a limit shows both sides: what an attacker cannot do, and that an honest client is
//! served meanwhile.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod client;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod source;
#[cfg(test)]
mod user_code;
