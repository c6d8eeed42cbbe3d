//! Code of the exposition that panics: it ends one scrape, and nothing else.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics_endpoint::{Body, Exposition, MediaType, Scrape, Totals};

use crate::client::{HONEST, Running, SCRAPE, assert_status, request};

/// Panics again when it is dropped, as the payload of a panic may.
struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// The scrapes panic in turns: at the start, in the second chunk, at the end, and not at all.
#[derive(Default)]
struct Broken {
    scrapes: AtomicUsize,
    totals: Arc<Totals>,
}

struct Part {
    turn: usize,
    chunks: usize,
}

impl Exposition for Broken {
    type Body = Part;

    fn expose(&self, _: &Scrape) -> Part {
        let turn = self.scrapes.fetch_add(1, Ordering::SeqCst) % 4;
        if turn == 0 {
            panic_any(Grudge);
        }
        Part { turn, chunks: 0 }
    }

    fn media_types(&self) -> &[MediaType] {
        &[MediaType::TEXT]
    }

    fn totals(&self) -> &Arc<Totals> {
        &self.totals
    }
}

impl Body for Part {
    fn fill(&mut self, out: &mut Vec<u8>) -> bool {
        self.chunks += 1;
        if self.turn == 1 && self.chunks == 2 {
            panic_any(Grudge);
        }
        out.extend(b"up 1\n");
        self.chunks <= 3
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.turn == 2 {
            panic_any(Grudge);
        }
    }
}

#[tokio::test]
async fn a_panic_ends_one_scrape_alone() {
    let broken = Arc::new(Broken::default());
    let server = Running::start(Arc::clone(&broken)).await;
    // More often than there are places: none of them is lost.
    for _ in 0..10 {
        assert_status(&request(server.address, HONEST, SCRAPE).await, 500);
        let cut = request(server.address, HONEST, SCRAPE).await;
        assert!(!cut.ends_with("0\r\n\r\n"), "{cut}");
        for _ in 0..2 {
            let whole = request(server.address, HONEST, SCRAPE).await;
            assert_status(&whole, 200);
            assert!(whole.ends_with("0\r\n\r\n"), "{whole}");
        }
    }
    let totals = broken.totals.scrapes().unwrap();
    assert_eq!((totals.in_flight, totals.aborted), (0, 10));
    server.stop().await;
}
