//! A proxy that stands between a client and a server and misbehaves on request: slow, silent or cut lines, and lines
//! that go dead when certain bytes pass.
mod database;
mod snare;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Mutex, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

pub use self::database::before;
pub use self::snare::Moment;
use self::snare::{Line, Snares};

/// Bytes are moved in pieces of this size at most; the delay holds for each piece.
const PIECE: usize = 16 << 10;

/// Where the proxy listens, or what it connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address and port.
    Tcp(SocketAddr),
    /// A socket's path, for PostgreSQL the directory and `.s.PGSQL.5432`.
    Unix(PathBuf),
}

/// What happens to the bytes of all lines, the open ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// They pass.
    Fair,
    /// They pass, each piece after this time.
    Slow(Duration),
    /// Nothing passes and nothing is closed, as if a cable had been pulled: what is sent now arrives when the
    /// weather is better.
    Silent,
    /// Open lines break, new ones are refused.
    Cut,
}

/// The bytes that went through, as they were read.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// What clients sent.
    pub up: Vec<u8>,
    /// What the server answered.
    pub down: Vec<u8>,
}

/// A running proxy. Dropping it closes it and every line.
#[derive(Debug)]
pub struct Proxy {
    address: Address,
    shared: Arc<Shared>,
    listening: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    server: Address,
    weather: watch::Sender<Weather>,
    traffic: Option<Mutex<Traffic>>,
    lines: AtomicU64,
    snares: Snares,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

// === impl Proxy ===

impl Proxy {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// No port is free.
    pub async fn tcp(server: Address) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = Address::Tcp(listener.local_addr()?);
        Ok(Self::start(Listener::Tcp(listener), address, server, false))
    }

    /// Like [`Proxy::tcp`], and keeps a copy of every byte for [`Proxy::traffic`].
    ///
    /// # Errors
    /// No port is free.
    pub async fn tapped(server: Address) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = Address::Tcp(listener.local_addr()?);
        Ok(Self::start(Listener::Tcp(listener), address, server, true))
    }

    /// Listens on a socket file, which must not exist yet.
    ///
    /// # Errors
    /// The file exists or can't be made.
    pub fn unix(path: &Path, server: Address) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        Ok(Self::start(Listener::Unix(listener), Address::Unix(path.to_path_buf()), server, false))
    }

    fn start(listener: Listener, address: Address, server: Address, is_tapped: bool) -> Self {
        let shared = Arc::new(Shared {
            server,
            weather: watch::Sender::new(Weather::Fair),
            traffic: is_tapped.then(Mutex::default),
            lines: AtomicU64::new(0),
            snares: Snares::default(),
        });
        #[expect(clippy::disallowed_methods, reason = "ended by the drop of the proxy")]
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared))).abort_handle();
        Self { address, shared, listening }
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The port, of a proxy that listens on one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match &self.address {
            Address::Tcp(address) => Some(address.port()),
            Address::Unix(_) => None,
        }
    }

    /// Changes the weather for open and for new lines, at once.
    pub fn set(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Makes the line dead on which these bytes go up next.
    pub fn snare(&self, bytes: &[u8], moment: Moment) {
        self.shared.snares.add(bytes, moment);
    }

    /// Waits until so many lines have gone dead since they were last broken.
    pub async fn sprung(&self, times: usize) {
        self.shared.snares.sprung(times).await;
    }

    /// Breaks the dead lines; what is waited for and did not come is forgotten.
    pub fn break_dead(&self) {
        self.shared.snares.clear();
    }

    /// How many lines were opened so far.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.shared.lines.load(Ordering::Relaxed)
    }

    /// What went through so far; nothing, unless the proxy is tapped.
    pub async fn traffic(&self) -> Traffic {
        match &self.shared.traffic {
            Some(traffic) => traffic.lock().await.clone(),
            None => Traffic::default(),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // the lines are in a set that the listening task owns
        self.listening.abort();
        if let Address::Unix(path) = &self.address {
            // nobody listens on it any more; a leftover would only be in the way of the next
            let _removed = std::fs::remove_file(path);
        }
    }
}

async fn listen(listener: Listener, shared: Arc<Shared>) {
    let mut lines = JoinSet::new();
    loop {
        let accepted = listener.accept().await;
        while lines.try_join_next().is_some() {}
        let Ok(client) = accepted else { continue };
        if *shared.weather.borrow() != Weather::Cut {
            shared.lines.fetch_add(1, Ordering::Relaxed);
            lines.spawn(carry(client, Arc::clone(&shared)));
        }
    }
}

impl Listener {
    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, _from) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// One line, until an end closes it or the weather cuts it.
async fn carry(client: Box<dyn Stream>, shared: Arc<Shared>) {
    let Ok(server) = connect(&shared.server).await else { return };
    let (client_read, client_write) = tokio::io::split(client);
    let (server_read, server_write) = tokio::io::split(server);
    let mut weather = shared.weather.subscribe();
    let line = Line::new();
    let up = pump(client_read, server_write, Direction::Up, &shared, &line);
    let down = pump(server_read, client_write, Direction::Down, &shared, &line);
    tokio::select! {
        // an end that closes in order only closes its direction, one that breaks takes the line with it
        _ended = async { tokio::try_join!(up, down) } => {}
        _cut = weather.wait_for(|weather| *weather == Weather::Cut) => {}
        () = line.broken(&shared.snares) => {}
    }
}

async fn connect(server: &Address) -> io::Result<Box<dyn Stream>> {
    Ok(match server {
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
    })
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: Direction,
    shared: &Shared,
    line: &Line,
) -> io::Result<()> {
    let mut weather = shared.weather.subscribe();
    let mut piece = vec![0; PIECE];
    let mut tail = Vec::new();
    loop {
        let length = from.read(&mut piece).await?;
        let bytes = piece.get(..length).unwrap_or_default();
        let now = weather.wait_for(|weather| *weather != Weather::Silent).await.map(|weather| *weather);
        if let Ok(Weather::Slow(delay)) = now {
            sleep(delay).await;
        }
        if bytes.is_empty() {
            return to.shutdown().await;
        }
        let caught = match direction {
            Direction::Up => shared.snares.catches(&mut tail, bytes),
            Direction::Down => None,
        };
        if caught.is_some() {
            // first, so that no answer slips through
            line.kill();
        }
        if caught == Some(Moment::Before) || (direction == Direction::Down && line.is_dead()) {
            line.tell(&shared.snares);
            return std::future::pending().await;
        }
        if let Some(traffic) = &shared.traffic {
            let mut traffic = traffic.lock().await;
            match direction {
                Direction::Up => traffic.up.extend_from_slice(bytes),
                Direction::Down => traffic.down.extend_from_slice(bytes),
            }
        }
        to.write_all(bytes).await?;
    }
}

#[cfg(test)]
mod tests;
