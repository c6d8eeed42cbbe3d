//! Requests that nobody means well.
//!
//! Each gets one answer or none, is hung up on, and changes nothing for others.

use std::time::Duration;

use gotk_metrics::{Format, MetricsServer};
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::running::{Running, any_port, recorder};

/// What must never be answered: it is no request, but a part of one.
const SMUGGLED: &str = "GET /metrics HTTP/1.1\r\nHost: smuggled\r\n\r\n";

/// Where in a case the smuggled request and what is too long stand.
fn expand(case: &str) -> String {
    let case = case.replace("{header 17 KiB}", &"a".repeat(17 << 10));
    let case = case.replace("{200 headers}", &"A: b\r\n".repeat(200));
    let case = case.replace("{uri 60 KiB}", &"a".repeat(60 << 10));
    let length = SMUGGLED.len();
    let case = case.replace("{length}", &length.to_string());
    let case = case.replace("{chunk}", &format!("{length:x}"));
    case.replace("{smuggled}", SMUGGLED)
}

/// A request, and the status that it may get; 0 is none.
const CASES: [(&str, &[u16]); 34] = [
    // No HTTP, or another one.
    ("GET\r\n\r\n{smuggled}", &[0, 400]),
    ("GET /metrics\r\n\r\n{smuggled}", &[0, 400]),
    ("GET /metrics HTTP/9.9\r\n\r\n{smuggled}", &[0, 400]),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{smuggled}", &[0, 400]),
    (
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    ("\0\0\0\0\r\n\r\n{smuggled}", &[0, 400]),
    ("GET /metrics HTTP/1.1 x\r\n\r\n{smuggled}", &[0, 400]),
    ("GET  /metrics HTTP/1.1\r\n\r\n{smuggled}", &[0, 400]),
    // Targets.
    ("GET metrics HTTP/1.1\r\n\r\n{smuggled}", &[0, 400, 404]),
    ("GET http:// HTTP/1.1\r\n\r\n{smuggled}", &[0, 400]),
    ("GET /metrics\0 HTTP/1.1\r\n\r\n{smuggled}", &[0, 400]),
    (
        "GET /%6detrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        &[404],
    ),
    (
        "GET /x/../metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        &[404],
    ),
    (
        "OPTIONS * HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        &[404],
    ),
    (
        "CONNECT host:1 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        &[404],
    ),
    // Headers.
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nno colon\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nNa me: x\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost : x\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: a\0b\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nA: {header 17 KiB}\r\n\r\n",
        &[431],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\n{200 headers}\r\n",
        &[431],
    ),
    (
        "GET /{uri 60 KiB} HTTP/1.1\r\nHost: test\r\n\r\n",
        &[0, 414, 431],
    ),
    // Methods.
    (
        "get /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        &[405],
    ),
    (
        "TRACE /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        &[405],
    ),
    // Bodies, which are never read.
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999999999999999\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n{smuggled}",
        &[0, 400],
    ),
    (
        "GET /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{smuggled}{smuggled}",
        &[200],
    ),
    (
        "POST /metrics HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n\
         {chunk}\r\n{smuggled}\r\n0\r\n\r\n{smuggled}",
        &[405],
    ),
    (
        "POST /metrics HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n\
         0\r\n\r\n{smuggled}",
        &[0, 400, 405],
    ),
    (
        "POST /metrics HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{smuggled}",
        &[405],
    ),
    (
        "POST /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        &[405],
    ),
];

#[tokio::test]
async fn a_malformed_request_has_one_answer_at_most() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let address = server.address;
    let mut clients = JoinSet::new();
    for (case, allowed) in CASES {
        clients.spawn(async move {
            let mut connection = Connection::open(address).await;
            connection.send(&expand(case)).await;
            let answer = connection.drain().await;
            (case, allowed, String::from_utf8_lossy(&answer).into_owned())
        });
    }
    for (case, allowed, answer) in clients.join_all().await {
        let status = answer
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3));
        let status: u16 = status.map_or(0, |status| status.parse().unwrap());
        assert!(allowed.contains(&status), "{case:?} got\n{answer}");
        assert_eq!(status == 0, answer.is_empty(), "{case:?} got\n{answer}");
        assert_eq!(
            answer.matches("HTTP/1.").count(),
            usize::from(status != 0),
            "{case:?} got\n{answer}"
        );
        assert_eq!(
            answer.contains("gotk_"),
            status == 200,
            "{case:?} got\n{answer}"
        );
    }
    assert_eq!(server.scrape().await.body, recorder.encode(Format::Text));
    server.stop().await;
}

#[tokio::test]
async fn the_limit_of_a_header_is_exact() {
    let server = MetricsServer::bind(recorder(1), any_port()).await.unwrap();
    let server = Running::serve(server.header_limit(1000).unwrap());
    let head = "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\nA: ";
    for (size, status) in [(999, 200), (1000, 200), (1001, 431)] {
        let filling = "a".repeat(size - head.len() - 4);
        let mut connection = Connection::open(server.address).await;
        connection.send(&format!("{head}{filling}\r\n\r\n")).await;
        assert_eq!(connection.head().await.status, status, "{size} bytes");
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_one_behind_the_other_are_all_answered() {
    let recorder = recorder(1);
    let server = Running::start(&recorder).await;
    let mut connection = Connection::open(server.address).await;
    connection.send(&SMUGGLED.repeat(3)).await;
    for _ in 0..3 {
        let head = connection.head().await;
        assert_eq!(connection.body(&head).await, recorder.encode(Format::Text));
    }
    server.stop().await;
}

/// As many as a scraper will never open; none of them may be in the way.
#[tokio::test]
async fn connections_without_a_request_are_in_nobodys_way() {
    let recorder = recorder(10);
    let server = MetricsServer::bind(recorder.clone(), any_port()).await;
    let limit = Duration::from_secs(1);
    let server = Running::serve(server.unwrap().header_timeout(limit).unwrap());
    let mut waiting = Vec::new();
    for number in 0..200 {
        let mut connection = Connection::open(server.address).await;
        connection
            .send(["", "G", "GET /metrics HTTP/1.1\r\nA: b\r\n"][number % 3])
            .await;
        waiting.push(connection);
    }
    for _ in 0..10 {
        assert_eq!(server.scrape().await.body, recorder.encode(Format::Text));
    }
    for mut connection in waiting {
        connection.assert_closed().await;
    }
    server.stop().await;
}
