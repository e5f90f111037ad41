use std::time::Instant;

use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_millis(150);

/// A server that sends everything back, and a line to it through the proxy.
async fn echo(proxy: impl AsyncFnOnce(Address) -> Proxy) -> (Proxy, Box<dyn Stream>) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(server.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        loop {
            let (mut client, _) = server.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut read, mut write) = client.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    let proxy = proxy(address).await;
    let line = connect(proxy.address()).await.unwrap();
    (proxy, line)
}

async fn say(line: &mut Box<dyn Stream>, word: &[u8]) -> io::Result<Vec<u8>> {
    line.write_all(word).await?;
    let mut answer = vec![0; word.len()];
    line.read_exact(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn bytes_pass_and_a_tap_keeps_them() {
    let (proxy, mut line) = echo(async |server| Proxy::tapped(server).await.unwrap()).await;
    assert_eq!(say(&mut line, b"hello").await.unwrap(), b"hello");
    line.shutdown().await.unwrap();
    assert_eq!(line.read(&mut [0]).await.unwrap(), 0, "the end passes too");
    let traffic = proxy.traffic().await;
    assert_eq!((traffic.up.as_slice(), traffic.down.as_slice()), (b"hello".as_slice(), b"hello".as_slice()));
    assert_eq!(proxy.lines(), 1);
}

#[tokio::test]
async fn a_slow_line_delays_both_ways() {
    let (proxy, mut line) = echo(async |server| Proxy::tcp(server).await.unwrap()).await;
    proxy.set(Weather::Slow(SOON));
    let begun = Instant::now();
    say(&mut line, b"hello").await.unwrap();
    assert!(begun.elapsed() >= SOON * 2);
}

#[tokio::test]
async fn a_silent_line_neither_answers_nor_closes_and_goes_on_later() {
    let (proxy, mut line) = echo(async |server| Proxy::tcp(server).await.unwrap()).await;
    proxy.set(Weather::Silent);
    assert!(timeout(SOON, say(&mut line, b"hello")).await.is_err());
    let mut late = connect(proxy.address()).await.unwrap();
    assert!(timeout(SOON, say(&mut late, b"again")).await.is_err());
    proxy.set(Weather::Fair);
    let mut answer = [0; 5];
    line.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
}

#[tokio::test]
async fn a_cut_breaks_open_lines_and_refuses_new_ones() {
    let (proxy, mut line) = echo(async |server| Proxy::tcp(server).await.unwrap()).await;
    say(&mut line, b"hello").await.unwrap();
    proxy.set(Weather::Cut);
    assert!(say(&mut line, b"gone?").await.is_err());
    let mut refused = connect(proxy.address()).await.unwrap();
    assert!(say(&mut refused, b"gone?").await.is_err());
    proxy.set(Weather::Fair);
    let mut line = connect(proxy.address()).await.unwrap();
    assert_eq!(say(&mut line, b"hello").await.unwrap(), b"hello");
}

#[tokio::test]
async fn a_socket_file_serves_as_well_and_is_removed() {
    #[expect(clippy::disallowed_methods, reason = "a socket's path has to be short")]
    let path = std::env::temp_dir().join(format!("proxy-{}", std::process::id()));
    let (proxy, mut line) = echo(async |server| Proxy::unix(&path, server).unwrap()).await;
    assert_eq!(say(&mut line, b"hello").await.unwrap(), b"hello");
    drop(proxy);
    assert!(!path.exists());
    assert!(say(&mut line, b"gone?").await.is_err());
}

#[tokio::test]
async fn a_line_goes_dead_before_or_behind_the_bytes_that_were_waited_for() {
    for (moment, arrives) in [(Moment::Before, false), (Moment::Behind, true)] {
        let (proxy, mut line) = echo(async |server| Proxy::tapped(server).await.unwrap()).await;
        let mut other = connect(proxy.address()).await.unwrap();
        proxy.break_dead();
        proxy.snare(b"now", moment);
        say(&mut line, b"not yet, n").await.unwrap();
        assert!(timeout(SOON, say(&mut line, b"ow!")).await.is_err());
        timeout(SOON, proxy.sprung(1)).await.unwrap();
        let traffic = proxy.traffic().await;
        assert_eq!(traffic.up.ends_with(b"now!"), arrives, "{moment:?}");
        assert!(traffic.down.ends_with(b"n"), "no answer comes");
        assert!(timeout(SOON, line.read(&mut [0])).await.is_err(), "and no end");
        say(&mut other, b"now, this one lives").await.unwrap();
        proxy.break_dead();
        assert_eq!(line.read(&mut [0]).await.unwrap_or_default(), 0);
        say(&mut other, b"and this one").await.unwrap();
    }
}
