//! What tracking costs a scrape: the time from its start until the first chunk can be written.
//!
//!     cargo bench -p track
//!
//! `bare_list` lists the store, which a sync cannot do without.

mod app;
mod cluster;

use std::cell::RefCell;

use divan::Bencher;

use crate::cluster::{Cluster, READY};

const OBJECTS: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn bare_list(bencher: Bencher, objects: usize) {
    let cluster = Cluster::new(objects);
    bencher.bench_local(|| cluster.list());
}

#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn nothing_changed(bencher: Bencher, objects: usize) {
    let cluster = Cluster::new(objects);
    bencher.bench_local(|| cluster.sync());
    assert_eq!(cluster.count(READY), objects);
}

/// The watch told of changes since the last scrape.
#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 31)]
fn one_in_a_hundred_changed(bencher: Bencher, objects: usize) {
    let cluster = RefCell::new(Cluster::new(objects));
    bencher
        .with_inputs(|| cluster.borrow_mut().change(100))
        .bench_local_refs(|()| cluster.borrow().sync());
}

/// A relist: every object is another one to the store.
#[divan::bench(args = OBJECTS, sample_size = 1, sample_count = 11)]
fn all_changed(bencher: Bencher, objects: usize) {
    let cluster = RefCell::new(Cluster::new(objects));
    bencher
        .with_inputs(|| cluster.borrow_mut().relist())
        .bench_local_refs(|()| cluster.borrow().sync());
}
