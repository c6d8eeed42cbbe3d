//! Who may scrape, as seen through the service and an API server in memory.
//!
//! The clock stands still unless a test moves it, and no byte leaves the process; but for `wire`,
//! which has no reason to wait.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod capacity;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod counts;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod flights;
#[cfg(test)]
mod scraper;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod times;
#[cfg(test)]
mod wire;
