//! The monitoring kit: every name in it is in the catalogue, and every alert is explained and tested.
//!
//! What an expression means is for Prometheus to say (`scripts/rules`); here only names count.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod files;
#[cfg(test)]
mod names;
#[cfg(test)]
mod promql;
