//! Questions to one agent over one socket: asked again where a datagram is lost, made smaller where an answer does not
//! fit, and put to a device's engine as it is now where it has restarted.
//!
//! The socket is connected, so that the kernel drops what comes from elsewhere; what comes from there but is no answer
//! to this request is counted and passed over. Bounds: of requests, of rows, of time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use collector_api::Reason;
use config::SnmpOid;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::engines::{Engines, Key};
use super::message::{self, Answer, Question, Value};
use super::usm::{self, Discovered, Engine, Heard, Stat, User};
use crate::probe::{Fault, Trace};

/// A request is sent so often before it is called unanswered.
const SENDS: u32 = 3;
/// Values of one request: an agent that has no room for their answers says so.
const VALUES_AT_ONCE: usize = 16;
/// Rows of one request for a table.
const REPEATS: u32 = 20;
/// Of one session; a table of a large controller is a few hundred.
const REQUESTS_MAX: usize = 600;
/// The largest datagram.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// So often an engine is asked anew who it is.
const DISCOVERIES_MAX: u32 = 2;

/// Who asks.
#[derive(Debug)]
pub(super) enum Speaker {
    Community(String),
    User(Box<User>),
}

/// An open conversation.
#[derive(Debug)]
pub(in crate::probe) struct Session<'e> {
    socket: UdpSocket,
    speaker: Speaker,
    /// When all must be said.
    deadline: Instant,
    engines: &'e Engines,
    key: Key,
    engine: Option<Engine>,
    discoveries: u32,
    requests: usize,
    next: i32,
    /// Datagrams that were no answer.
    pub(super) ignored: u32,
    /// What the device told us of why it does not answer.
    hint: Option<Stat>,
    /// Has it told who it is, and nothing since?
    is_unproven: bool,
    buffer: Vec<u8>,
}

impl<'e> Session<'e> {
    /// Opens the socket; nothing is sent.
    pub(super) async fn open(
        remote: SocketAddr,
        speaker: Speaker,
        (engines, key): (&'e Engines, Key),
        deadline: Instant,
    ) -> Result<Self, Fault> {
        let local: IpAddr =
            if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let opened = async {
            let socket = UdpSocket::bind((local, 0)).await?;
            socket.connect(remote).await?;
            Ok::<_, std::io::Error>(socket)
        };
        let socket = opened.await.map_err(|error| Fault::of_connect(&error))?;
        let engine = match &speaker {
            Speaker::Community(_) => None,
            Speaker::User(user) => engines.engine(&key, user),
        };
        let mut bytes = [0; 4];
        // Without randomness the number still tells requests of this session apart.
        let _ = SystemRandom::new().fill(&mut bytes);
        Ok(Self {
            socket,
            speaker,
            deadline,
            engines,
            key,
            engine,
            discoveries: 0,
            requests: 0,
            next: i32::from_be_bytes(bytes) & 0x3fff_ffff,
            ignored: 0,
            hint: None,
            is_unproven: false,
            buffer: Vec::with_capacity(DATAGRAM_BYTES_MAX),
        })
    }

    /// The values of these names, in their order.
    pub(in crate::probe) async fn get(
        &mut self,
        oids: &[SnmpOid],
        trace: &mut Trace,
    ) -> Result<Vec<Value>, Fault> {
        let mut values = vec![Value::Absent; oids.len()];
        let places: Vec<usize> = (0..oids.len()).collect();
        let mut open: Vec<Vec<usize>> = places.chunks(VALUES_AT_ONCE).rev().map(<[usize]>::to_vec).collect();
        while let Some(mut places) = open.pop() {
            let asked: Vec<SnmpOid> = places.iter().map(|place| oids[*place].clone()).collect();
            let answer = self.ask(Question::Get, &asked, trace).await?;
            let named = usize::try_from(answer.index).ok().and_then(|index| index.checked_sub(1));
            match (answer.status, named.filter(|index| *index < places.len())) {
                (0, _) => {
                    for (oid, value) in answer.values {
                        // The same name may be asked for twice.
                        for (place, _) in places.iter().zip(&asked).filter(|(_, asked)| **asked == oid) {
                            values[*place] = value.clone();
                        }
                    }
                }
                (NOT_AUTHORIZED, None) => return Err(not_authorized()),
                (status, _) if places.len() == 1 => values[places[0]] = refused(status),
                // tooBig names no value, and one that is named for it is no culprit.
                (status, Some(index)) if status != TOO_BIG => {
                    values[places.remove(index)] = refused(status);
                    open.push(places);
                }
                _ => {
                    let rest = places.split_off(places.len() / 2);
                    open.extend([rest, places]);
                }
            }
        }
        Ok(values)
    }

    /// A column of a table: what follows its name, with what stands behind the name, at most so many rows.
    pub(in crate::probe) async fn walk(
        &mut self,
        column: &SnmpOid,
        rows_max: usize,
        trace: &mut Trace,
    ) -> Result<Vec<(Vec<u32>, Value)>, Fault> {
        let mut rows = Vec::new();
        let mut last = column.clone();
        let mut repeats = REPEATS;
        loop {
            let question = Question::Following { repeats };
            let answer = self.ask(question, std::slice::from_ref(&last), trace).await?;
            match answer.status {
                0 => {}
                TOO_BIG if repeats > 1 => {
                    repeats = (repeats / 4).max(1);
                    continue;
                }
                // As an agent of version 1 says that the end has come.
                2 => return Ok(rows),
                NOT_AUTHORIZED => return Err(not_authorized()),
                status => {
                    let detail = format!("{column}: {}", message::status_word(status));
                    return Err(Fault::degraded(Reason::SnmpRefused, detail));
                }
            }
            let before = rows.len();
            for (oid, value) in answer.values {
                let index = oid.arcs().strip_prefix(column.arcs()).filter(|index| !index.is_empty());
                // A name that is not behind the last one leads in a circle.
                let is_next = oid > last && value != Value::End;
                let (Some(index), true) = (index, is_next && rows.len() < rows_max) else { return Ok(rows) };
                rows.push((index.to_vec(), value));
                last = oid;
            }
            if rows.len() == before {
                return Ok(rows);
            }
        }
    }

    /// Which device, asked by whom.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Which index an interface had; one that is called by its index has that.
    pub(super) fn interface(&self, name: &str) -> Option<u32> {
        name.parse().ok().or_else(|| self.engines.interface(&self.key, name))
    }

    /// Remembers which index each interface has.
    pub(super) fn keep_interfaces(&self, interfaces: HashMap<String, u32>) {
        self.engines.keep_interfaces(&self.key, interfaces);
    }

    /// One question and its answer, in whatever version.
    async fn ask(
        &mut self,
        question: Question,
        oids: &[SnmpOid],
        trace: &mut Trace,
    ) -> Result<Answer, Fault> {
        self.requests += 1;
        if self.requests > REQUESTS_MAX {
            let detail = format!("more than {REQUESTS_MAX} requests");
            return Err(Fault::degraded(Reason::SnmpTooBig, detail));
        }
        trace.sent(|| told(question, oids));
        let answer = match &self.speaker {
            Speaker::Community(community) => {
                let community = community.clone();
                let request = self.number();
                let bytes = message::v2c(community.as_bytes(), question, request, oids);
                let deadline = self.deadline;
                self.exchange(&bytes, deadline, |bytes| {
                    Answer::of_v2c(bytes, community.as_bytes()).filter(|answer| answer.request == request)
                })
                .await?
            }
            Speaker::User(_) => self.ask_v3(question, oids, trace).await?,
        };
        let answer = answer.ok_or_else(|| self.silence())?;
        trace.received(|| shown(&answer));
        Ok(answer)
    }

    /// Silence, an engine that is another, a time that is another: each is met by asking the engine anew who it is, as
    /// long as there is time. What was known of it may be of before its restart.
    async fn ask_v3(
        &mut self,
        question: Question,
        oids: &[SnmpOid],
        trace: &mut Trace,
    ) -> Result<Option<Answer>, Fault> {
        let mut resynchronised = 0;
        loop {
            let is_remembered = self.engine.is_some() && self.discoveries == 0;
            let Some(mut engine) = self.engine.clone() else {
                if !self.discover(trace).await? {
                    return Ok(None);
                }
                continue;
            };
            let request = self.number();
            let bytes = engine
                .request(question, request, oids)
                .ok_or_else(|| Fault::new(Reason::AgentInternal, "the request could not be signed"))?;
            let left = self.deadline.saturating_duration_since(Instant::now());
            let until = if is_remembered { Instant::now() + left / 2 } else { self.deadline };
            let heard = self
                .exchange(&bytes, until, |bytes| match engine.hear(bytes, request) {
                    Heard::Other(_) => None,
                    heard => Some(heard),
                })
                .await?;
            match heard {
                Some(Heard::Answer(answer)) => {
                    self.is_unproven = false;
                    self.keep(engine);
                    return Ok(Some(answer));
                }
                Some(Heard::Resynchronised) if resynchronised < DISCOVERIES_MAX => {
                    resynchronised += 1;
                    trace.note(|| format!("the engine has another time: {}", engine.shown()));
                    trace.fact("resynchronised", "boots and time of the engine");
                    self.keep(engine);
                }
                Some(Heard::Report(stat)) => {
                    trace.received(|| format!("report: {}", stat.describe()));
                    self.hint = Some(stat);
                    self.forget();
                    if self.discoveries >= DISCOVERIES_MAX {
                        return Err(self.silence());
                    }
                }
                Some(_) => {
                    self.hint = Some(Stat::NotInTimeWindow);
                    return Err(self.silence());
                }
                None if is_remembered => {
                    trace.note(|| "silence; is it still the same engine?");
                    self.forget();
                }
                None => return Ok(None),
            }
        }
    }

    /// Asks the device for its engine, and derives the keys. `false` when it says nothing.
    async fn discover(&mut self, trace: &mut Trace) -> Result<bool, Fault> {
        self.discoveries += 1;
        let request = self.number();
        trace.sent(|| "who is the engine?");
        let bytes = usm::discovery(request);
        let deadline = self.deadline;
        let found = self.exchange(&bytes, deadline, |bytes| Discovered::of(bytes, request)).await?;
        let (Some(found), Speaker::User(user)) = (found, &self.speaker) else { return Ok(false) };
        self.is_unproven = true;
        let user = (**user).clone();
        let derived = tokio::task::spawn_blocking(move || Engine::of(&user, &found)).await;
        let Ok(Some(engine)) = derived else {
            return Err(Fault::new(Reason::AgentInternal, "the keys could not be derived"));
        };
        trace.received(|| format!("engine {}", engine.shown()));
        self.keep(engine);
        Ok(true)
    }

    /// Sends, up to [`SENDS`] times, until something that `wanted` takes has come. `None` is silence.
    async fn exchange<T>(
        &mut self,
        bytes: &[u8],
        until: Instant,
        mut wanted: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let began = Instant::now();
        let patience = until.saturating_duration_since(began) / SENDS;
        for send in 1..=SENDS {
            self.socket.send(bytes).await.map_err(|error| fault_of_socket(&error))?;
            let until = began + patience * send;
            loop {
                self.buffer.clear();
                match timeout_at(until, self.socket.recv_buf(&mut self.buffer)).await {
                    Err(_elapsed) => break,
                    Ok(Err(error)) => return Err(fault_of_socket(&error)),
                    Ok(Ok(_length)) => {}
                }
                if let Some(taken) = wanted(&self.buffer) {
                    return Ok(Some(taken));
                }
                self.ignored = self.ignored.saturating_add(1);
            }
        }
        Ok(None)
    }

    /// Why there is no answer: what the device told of it, or nothing.
    fn silence(&self) -> Fault {
        match (self.hint, self.untold().filter(|_| self.is_unproven)) {
            (Some(Stat::NotInTimeWindow), _) => {
                Fault::degraded(Reason::SnmpNotInTimeWindow, "also after its engine was asked anew")
            }
            (Some(Stat::UnknownEngine), _) => {
                Fault::degraded(Reason::SnmpNotInTimeWindow, "its engine changes")
            }
            (Some(stat), _) => Fault::degraded(Reason::SnmpAuth, stat.describe()),
            (None, Some(untold)) => {
                let detail = format!("it says who it is and does not answer what is asked: {untold}");
                Fault::degraded(Reason::SnmpAuth, detail)
            }
            (None, None) if self.ignored > 0 => {
                let detail = format!("silence but for {} datagrams that answer nothing asked", self.ignored);
                Fault::new(Reason::SnmpNoReply, detail)
            }
            (None, None) => Fault::new(Reason::SnmpNoReply, "no answer"),
        }
    }

    /// What a user may have wrong without being told.
    fn untold(&self) -> Option<&'static str> {
        match &self.speaker {
            Speaker::Community(_) => None,
            Speaker::User(user) => untold(user.privacy.is_some(), !user.context.is_empty()),
        }
    }

    fn keep(&mut self, engine: Engine) {
        self.engines.keep(&self.key, &self.speaker, engine.clone());
        self.engine = Some(engine);
    }

    fn forget(&mut self) {
        self.engines.forget(&self.key);
        self.engine = None;
    }

    fn number(&mut self) -> i32 {
        self.next = (self.next + 1) & 0x3fff_ffff;
        self.next
    }
}

/// RFC 3416, 3.
const TOO_BIG: u32 = 1;

/// `authorizationError` of no value: whoever asks may ask for nothing, or not in this way (RFC 3413, 3.2).
const NOT_AUTHORIZED: u32 = 16;

fn not_authorized() -> Fault {
    Fault::degraded(
        Reason::SnmpAuth,
        "authorizationError: who asks may read nothing, or not with this level of security",
    )
}

/// What a status says of one value. `noSuchName` is how version 1 says that there is none.
fn refused(status: u32) -> Value {
    if status == 2 { Value::Absent } else { Value::Refused(status) }
}

/// What net-snmp decrypts with another key is noise to it, and noise it drops without a word; so does it, and snmpsim,
/// with questions for a context that it has not.
pub(super) const fn untold(has_privacy: bool, has_context: bool) -> Option<&'static str> {
    match (has_privacy, has_context) {
        (false, false) => None,
        (true, false) => Some("is the passphrase or the algorithm of `privacy` another there?"),
        (false, true) => Some("is there no such `context`?"),
        (true, true) => Some("is there no such `context`, or another passphrase or algorithm of `privacy`?"),
    }
}

/// A port that is closed is told by the host itself.
fn fault_of_socket(error: &std::io::Error) -> Fault {
    let fault = Fault::of_connect(error);
    match fault.reason {
        Reason::ConnectRefused => {
            Fault::degraded(Reason::SnmpAgentSilent, "the host says that the port is closed")
        }
        _ => fault,
    }
}

fn told(question: Question, oids: &[SnmpOid]) -> String {
    let names: Vec<String> = oids.iter().map(ToString::to_string).collect();
    match question {
        Question::Get => format!("get {}", names.join(" ")),
        Question::Following { repeats } => format!("the {repeats} after {}", names.join(" ")),
    }
}

fn shown(answer: &Answer) -> String {
    let status = if answer.status == 0 {
        String::new()
    } else {
        format!("{} at {}\n", message::status_word(answer.status), answer.index)
    };
    let values = answer.values.iter().map(|(oid, value)| format!("{oid} = {}\n", value.shown()));
    std::iter::once(status).chain(values).collect()
}

/// What is left for SNMP of an attempt, so that the device can still be asked for an echo.
pub(super) fn share(timeout: Duration) -> Duration {
    timeout.mul_f64(0.65)
}
