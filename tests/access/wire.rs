//! What comes over the wire of a server with access control, as whoever tries his luck would write it.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gotk_metrics::MetricsServer;
use gotk_metrics::kube::kubernetes_auth;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::scraper::{World, recorder};

const TOKEN: &str = "Authorization: Bearer good-token\r\n";
/// The first byte of compressed bodies, which are none of the text below.
const GZIP: u8 = 0x1f;

async fn serve(world: &World) -> SocketAddr {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = MetricsServer::bind(recorder(), address).await.unwrap();
    let address = server.local_addr();
    let auth = kubernetes_auth(world.cluster.client());
    // Ends with the runtime of the test.
    tokio::spawn(server.authorize(auth).serve());
    address
}

/// All that is answered to these requests, sent at once: the status lines, and whether metrics show.
async fn talk(address: SocketAddr, requests: &[(&str, &str)]) -> (Vec<String>, bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut text = String::new();
    for (number, (line, headers)) in requests.iter().enumerate() {
        let last = number + 1 == requests.len();
        let close = if last { "Connection: close\r\n" } else { "" };
        let _ = write!(text, "{line}\r\nHost: test\r\n{headers}{close}\r\n");
    }
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let read = timeout(Duration::from_secs(60), read).await;
    read.expect("the answer ends").unwrap();
    let shows = answer.contains(&GZIP) || answer.windows(5).any(|window| window == b"gotk_");
    let text = String::from_utf8_lossy(&answer);
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 "));
    let codes = lines.map(|line| line.chars().take(3).collect());
    (codes.collect(), shows)
}

#[tokio::test]
async fn no_way_to_write_it_opens_the_metrics() {
    let world = World::new();
    let address = serve(&world).await;
    for (line, headers, code) in [
        ("GET /metrics HTTP/1.1", "", "401"),
        ("HEAD /metrics HTTP/1.1", "", "401"),
        ("GET /metrics HTTP/1.1", "Accept-Encoding: gzip\r\n", "401"),
        (
            "GET /metrics?name[]=gotk_suspend_status HTTP/1.1",
            "",
            "401",
        ),
        ("GET /metrics?/healthz HTTP/1.1", "", "401"),
        ("GET http://test/metrics HTTP/1.1", "", "401"),
        ("GET http://good-token@test/metrics HTTP/1.1", "", "401"),
        ("GET /metrics?token=good-token HTTP/1.1", "", "401"),
        (
            "GET /metrics HTTP/1.1",
            "Cookie: token=good-token\r\n",
            "401",
        ),
        (
            "GET /metrics HTTP/1.1",
            "X-Remote-User: system:admin\r\n",
            "401",
        ),
        (
            "GET /metrics HTTP/1.1",
            "Authorization: Bearer forged\r\n",
            "401",
        ),
        ("GET //metrics HTTP/1.1", "", "404"),
        ("GET /metrics/ HTTP/1.1", "", "404"),
        ("GET /./metrics HTTP/1.1", "", "404"),
        ("GET /healthz/../metrics HTTP/1.1", "", "404"),
        ("GET /healthz/metrics HTTP/1.1", "", "404"),
        ("GET /%6detrics HTTP/1.1", "", "404"),
        ("GET /METRICS HTTP/1.1", "", "404"),
        ("GET /metrics;v=1 HTTP/1.1", "", "404"),
        ("OPTIONS * HTTP/1.1", "", "404"),
        ("CONNECT test:80 HTTP/1.1", "", "404"),
        (
            "POST /metrics HTTP/1.1",
            "X-HTTP-Method-Override: GET\r\n",
            "405",
        ),
        ("GET /healthz?/metrics HTTP/1.1", "", "200"),
    ] {
        let found = talk(address, &[(line, headers)]).await;
        assert_eq!(found, (vec![code.to_owned()], false), "{line} {headers}");
    }
    // Or nothing above would mean anything.
    for line in ["GET /metrics HTTP/1.1", "GET http://test/metrics HTTP/1.1"] {
        let found = talk(address, &[(line, TOKEN)]).await;
        assert_eq!(found, (vec!["200".to_owned()], true), "{line}");
    }
}

/// A connection that was let in is not for whatever comes behind, from whomever a proxy lets in there.
#[tokio::test]
async fn each_request_of_a_connection_is_asked_for_its_token() {
    let world = World::new();
    world.cluster.add_user("other", "somebody");
    let address = serve(&world).await;
    let scrape = "GET /metrics HTTP/1.1";
    let requests = [
        ("HEAD /metrics HTTP/1.1", TOKEN),
        (scrape, ""),
        (scrape, "Authorization: Bearer other\r\n"),
        ("GET /healthz HTTP/1.1", ""),
        (scrape, "Authorization: Bearer forged\r\n"),
    ];
    let (codes, shows) = talk(address, &requests).await;
    assert_eq!(codes, ["200", "401", "403", "200", "401"]);
    assert!(!shows);
    let (codes, shows) = talk(address, &[(scrape, ""), (scrape, TOKEN)]).await;
    assert_eq!(codes, ["401", "200"]);
    assert!(shows);
}
