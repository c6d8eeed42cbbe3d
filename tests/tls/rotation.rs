//! Certificates that change while the server serves.

use std::fs;
use std::panic::panic_any;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gotk_metrics::{Format, Recorder};
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use crate::certificates::{Authority, Pair, Secret};
use crate::client::{Client, LONG};
use crate::running::{Running, bind, files, recorder};

/// How many reads of the certificate there were, and how many of them failed.
pub(crate) fn reads(recorder: &Recorder) -> (u64, u64) {
    let text = recorder.encode(Format::Text);
    let value = |name: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value
            .unwrap_or_else(|| panic!("no {name} in\n{text}"))
            .parse()
            .unwrap()
    };
    (
        value("certwatcher_read_certificate_total"),
        value("certwatcher_read_certificate_errors_total"),
    )
}

/// Waits for a read that has begun after this, and its end.
pub(crate) async fn read_again(recorder: &Recorder) {
    let (before, _) = reads(recorder);
    let read = async {
        // The next one may have begun already, and the one behind it begins when that is over.
        while reads(recorder).0 < before + 3 {
            yield_now().await;
        }
    };
    timeout(LONG, read).await.expect("the files are read again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_scrape_fails_while_certificates_change() {
    let authorities = [Authority::new(), Authority::new()];
    let pairs: Vec<Pair> = (0..8)
        .map(|number| authorities[number % 2].issue())
        .collect();
    let secret = Secret::of(&pairs[0]);
    let recorder = recorder(100);
    let server = Running::start(&recorder, files(&secret)).await;
    let address = server.address;
    // Who comes anew each time, and who stays as long as the server lets him.
    let scrapes: Arc<[AtomicUsize; 4]> = Arc::default();
    let mut tasks = JoinSet::new();
    let (stop, stopped) = watch::channel(());
    for scraper in 0..4 {
        let client = Client::of(&[&authorities[0], &authorities[1]]);
        let (stopped, scrapes) = (stopped.clone(), Arc::clone(&scrapes));
        tasks.spawn(async move {
            let mut connections = 1;
            let mut connection = client.connect(address).await.unwrap();
            while !stopped.has_changed().unwrap() {
                let answer = connection.get("/metrics", "").await.unwrap();
                assert_eq!(answer.status, 200);
                if scraper < 2 || answer.head.contains("connection: close") {
                    connection = client.connect(address).await.unwrap();
                    connections += 1;
                }
                // Last, so that the next certificate does not come before this connection.
                scrapes[scraper].fetch_add(1, Ordering::SeqCst);
            }
            connections
        });
    }
    for pair in &pairs[1..] {
        secret.rotate(pair);
        read_again(&recorder).await;
        // The second answer from now on was begun after that.
        let before = scrapes.each_ref().map(|n| n.load(Ordering::SeqCst));
        let more = async {
            let seen = |n: usize| scrapes[n].load(Ordering::SeqCst) >= before[n] + 2;
            while !(0..4).all(seen) {
                yield_now().await;
            }
        };
        timeout(LONG, more).await.expect("scrapes go on");
        let client = Client::of(&[&authorities[0], &authorities[1]]);
        let met = client.connect(address).await.unwrap().met(pair);
        assert!(met, "the server shows another certificate");
    }
    stop.send(()).unwrap();
    for connections in tasks.join_all().await {
        assert!(connections >= pairs.len(), "only {connections} connections");
    }
    let (_, errors) = reads(&recorder);
    assert_eq!(errors, 0);
    server.stop().await;
}

/// A server whose files are about to break.
struct Watched {
    secret: Secret,
    recorder: Recorder,
    server: Running,
    client: Client,
    /// What it said of them.
    told: Arc<Mutex<Vec<String>>>,
}

impl Watched {
    async fn start(authority: &Authority, pair: &Pair) -> Self {
        let ca = authority.pem();
        let secret = Secret::mount(&entries(&pair.certificate, &pair.key, &ca));
        let recorder = recorder(1);
        let told = Arc::new(Mutex::new(Vec::new()));
        let teller = Arc::clone(&told);
        let files = files(&secret)
            .client_ca(secret.path("ca.crt"))
            .on_error(move |error| teller.lock().unwrap().push(error.to_string()));
        let server = Running::start(&recorder, files).await;
        Self {
            secret,
            recorder,
            server,
            client: Client::of(&[authority]).showing(&authority.issue()),
            told,
        }
    }

    /// What is said of the files from now on, which has to be that they are broken.
    async fn complaint(&self) -> String {
        let (_, before) = reads(&self.recorder);
        read_again(&self.recorder).await;
        let (_, after) = reads(&self.recorder);
        let told = self.told.lock().unwrap().last().cloned();
        assert!(after > before, "{after} errors, {told:?}");
        told.unwrap()
    }

    async fn assert_shows(&self, pair: &Pair) {
        let mut connection = self.client.connect(self.server.address).await.unwrap();
        assert!(
            connection.met(pair),
            "{:?}",
            self.told.lock().unwrap().last()
        );
        let answer = connection.get("/metrics", "").await.unwrap();
        assert_eq!(answer.status, 200);
    }
}

fn entries<'a>(certificate: &'a str, key: &'a str, ca: &'a str) -> [(&'static str, &'a str); 3] {
    [("tls.crt", certificate), ("tls.key", key), ("ca.crt", ca)]
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing_and_counts() {
    let authority = Authority::new();
    let (good, other) = (authority.issue(), authority.issue());
    let watched = Watched::start(&authority, &good).await;
    let ca = &*authority.pem();
    let half = |text: &str| text[..text.len() / 2].to_owned();
    let (certificate, key) = (&*other.certificate, &*other.key);
    let (half_certificate, half_key, no_ca) =
        (half(certificate), half(key), ca.replace("MII", "AAA"));
    for (certificate, key, ca, expected) in [
        // Written one behind the other.
        (certificate, &*good.key, ca, "cannot use certificate"),
        (&good.certificate, key, ca, "cannot use certificate"),
        (&half_certificate, key, ca, "no certificate found"),
        (certificate, &half_key, ca, "no private key found"),
        ("", key, ca, "no certificate found"),
        (certificate, "", ca, "no private key found"),
        ("no certificate", "no key", ca, "no certificate found"),
        // Exchanged.
        (key, certificate, ca, "no certificate found"),
        (certificate, key, "", "no certificate found"),
        (
            certificate,
            key,
            &no_ca,
            "cannot use the client certificate authorities",
        ),
    ] {
        watched.secret.write(&entries(certificate, key, ca));
        // Of what was there before, the last read may be under way.
        read_again(&watched.recorder).await;
        let complaint = watched.complaint().await;
        assert!(complaint.starts_with(expected), "{complaint}");
        watched.assert_shows(&good).await;
    }
    watched.server.stop().await;
}

#[tokio::test]
async fn what_is_repaired_is_taken() {
    let authority = Authority::new();
    let (old, new) = (authority.issue(), authority.issue());
    let watched = Watched::start(&authority, &old).await;
    let key = watched.secret.path("tls.key");
    fs::remove_file(&key).unwrap();
    let expected = format!("cannot read {}", key.display());
    assert_eq!(watched.complaint().await, expected);
    watched.assert_shows(&old).await;

    let ca = authority.pem();
    fs::remove_file(watched.secret.path("tls.crt")).unwrap();
    for (name, text) in entries(&new.certificate, &new.key, &ca) {
        // In place, one behind the other.
        fs::write(watched.secret.path(name), text).unwrap();
    }
    read_again(&watched.recorder).await;
    watched.assert_shows(&new).await;
    let (_, errors) = reads(&watched.recorder);
    read_again(&watched.recorder).await;
    assert_eq!(reads(&watched.recorder).1, errors);
    watched.server.stop().await;
}

/// A read of it would wait for a writer.
fn replace_by_pipe(path: &Path) {
    let pipe = path.with_extension("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    fs::rename(&pipe, path).unwrap();
}

/// `endpoint/src/tls` has files that change between two reads.
#[tokio::test]
async fn a_pipe_is_an_error_and_holds_up_nothing() {
    let authority = Authority::new();
    let (old, new) = (authority.issue(), authority.issue());
    let watched = Watched::start(&authority, &old).await;
    replace_by_pipe(&watched.secret.path("tls.key"));
    read_again(&watched.recorder).await;
    let expected = format!("cannot read {}", watched.secret.path("tls.key").display());
    assert_eq!(watched.complaint().await, expected);
    watched.assert_shows(&old).await;
    fs::remove_file(watched.secret.path("tls.key")).unwrap();
    fs::write(watched.secret.path("tls.crt"), &new.certificate).unwrap();
    fs::write(watched.secret.path("tls.key"), &new.key).unwrap();
    read_again(&watched.recorder).await;
    watched.assert_shows(&new).await;
    watched.server.stop().await;
}

/// What panics again when it is dropped.
struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[tokio::test]
async fn a_panic_of_who_is_told_changes_nothing() {
    let authority = Authority::new();
    let (old, new) = (authority.issue(), authority.issue());
    let secret = Secret::of(&old);
    let recorder = recorder(0);
    let files = files(&secret).on_error(|_| panic_any(Grudge));
    let server = Running::start(&recorder, files).await;
    secret.write(&[("tls.crt", "no certificate"), ("tls.key", &old.key)]);
    read_again(&recorder).await;
    secret.rotate(&new);
    read_again(&recorder).await;
    let connection = Client::of(&[&authority])
        .connect(server.address)
        .await
        .unwrap();
    assert!(connection.met(&new));
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_open_stays_until_something_changes() {
    let authority = Authority::new();
    let (old, new) = (authority.issue(), authority.issue());
    let secret = Secret::of(&old);
    let recorder = recorder(1);
    let server = Running::start(&recorder, files(&secret)).await;
    let mut connection = Client::of(&[&authority])
        .connect(server.address)
        .await
        .unwrap();
    for _ in 0..3 {
        // The same again, in other files.
        secret.rotate(&old);
        read_again(&recorder).await;
        let answer = connection.get("/metrics", "").await.unwrap();
        assert!(
            !answer.head.contains("connection: close"),
            "{}",
            answer.head
        );
    }
    secret.rotate(&new);
    read_again(&recorder).await;
    let answer = connection.get("/metrics", "").await.unwrap();
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    assert_eq!(connection.drain().await, b"");
    server.stop().await;
}

#[tokio::test]
async fn files_are_read_while_the_server_serves_and_not_otherwise() {
    let secret = Secret::of(&Authority::new().issue());
    let recorder = recorder(0);
    let server = bind(&recorder).await.tls(files(&secret)).unwrap();
    assert_eq!(reads(&recorder), (1, 0));
    let server = Running::serve(server);
    read_again(&recorder).await;
    server.stop().await;
    let (after, _) = reads(&recorder);
    // Time enough for many more, if anything were left that reads.
    tokio::time::pause();
    tokio::time::sleep(LONG).await;
    assert_eq!(reads(&recorder).0, after);
}
