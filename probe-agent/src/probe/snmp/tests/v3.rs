//! Version 3, against an agent that restarts, changes and lies.

use snmp2::v3::{Auth, AuthProtocol, Cipher, Security};

use super::super::usm::Head;
use super::*;

const ENGINE: &[u8] = &[0x80, 0, 0x1f, 0x88, 4, 7, 7];

const PASSPHRASE: &str = "una frase segreta";

/// What the agent is now.
#[derive(Clone)]
struct State {
    engine: Vec<u8>,
    boots: i32,
    passphrase: &'static str,
    /// Says nothing to a request of other boots, as some do.
    is_mute: bool,
    discoveries: usize,
    /// Keys take long to derive: with and without encryption.
    keys: [Security; 2],
}

impl State {
    fn of(engine: &[u8], passphrase: &'static str) -> Self {
        let private = Auth::AuthPriv { cipher: Cipher::Aes128, privacy_password: b"un'altra frase".to_vec() };
        let keys = [Auth::AuthNoPriv, private].map(|auth| {
            Security::new(b"vedetta", passphrase.as_bytes())
                .with_auth_protocol(AuthProtocol::Sha256)
                .with_auth(auth)
                .with_engine_id(engine)
                .unwrap()
        });
        Self { engine: engine.to_vec(), boots: 3, passphrase, is_mute: false, discoveries: 0, keys }
    }

    fn security(&self, is_encrypted: bool) -> Security {
        let key = self.keys[usize::from(is_encrypted)].clone();
        key.with_engine_boots_and_time(i64::from(self.boots), 50)
    }

    /// An unsigned report of one of `usmStats`.
    fn report(&self, request: i32, stat: u32) -> Vec<u8> {
        let oid = oid_of(&format!("1.3.6.1.6.3.15.1.1.{stat}.0"));
        let values = sequence(0x30, &[sequence(0x30, &[object(&oid), tagged(0x41, &[1])])]);
        let pdu = sequence(0xa8, &[integer(i64::from(request)), integer(0), integer(0), values]);
        let header = [integer(i64::from(request)), integer(65_507), octets(&[0]), integer(3)];
        let (boots, time) = (integer(i64::from(self.boots)), integer(50));
        let usm = [octets(&self.engine), boots, time, octets(b""), octets(b""), octets(b"")];
        let scoped = sequence(0x30, &[octets(&self.engine), octets(b""), pdu]);
        sequence(0x30, &[integer(3), sequence(0x30, &header), octets(&sequence(0x30, &usm)), scoped])
    }

    fn answer(&mut self, request: &mut [u8]) -> Option<Vec<u8>> {
        let head = Head::of(request).unwrap();
        let (message, boots) = (head.message, head.boots);
        if !head.is_signed {
            self.discoveries += 1;
            return Some(self.report(message, 4));
        }
        let mut security = self.security(true).with_engine_boots_and_time(i64::from(boots), 50);
        let is_ours = Pdu::from_bytes_with_security(request, Some(&mut security)).is_ok();
        if !is_ours {
            return Some(self.report(message, if self.passphrase == PASSPHRASE { 4 } else { 5 }));
        }
        let is_in_time = boots == self.boots;
        if !is_in_time && self.is_mute {
            return None;
        }
        let oid = oid_of(if is_in_time { "1.3.6.1.2.1.1.3.0" } else { "1.3.6.1.6.3.15.1.1.2.0" });
        let bound = sequence(0x30, &[object(&oid), tagged(0x43, &8_640_000_u32.to_be_bytes())]);
        // snmp2 signs what it has read: the answer in clear, first.
        let tag = if is_in_time { 0xa2 } else { 0xa8 };
        let parts = [integer(i64::from(message)), integer(0), integer(0), sequence(0x30, &[bound])];
        let header = [integer(i64::from(message)), integer(65_507), octets(&[0]), integer(3)];
        let usm = [octets(&self.engine), integer(0), integer(0), octets(b""), octets(b""), octets(b"")];
        let scoped = sequence(0x30, &[octets(&self.engine), octets(b""), sequence(tag, &parts)]);
        let plain =
            sequence(0x30, &[integer(3), sequence(0x30, &header), octets(&sequence(0x30, &usm)), scoped]);
        let mut nobody =
            Security::new(b"", b"").with_auth(Auth::NoAuthNoPriv).with_engine_id(&self.engine).unwrap();
        let pdu = Pdu::from_bytes_with_security(&plain, Some(&mut nobody)).unwrap();
        Some(pdu.to_bytes_with_security(Some(&self.security(is_in_time))).unwrap())
    }
}

async fn agent(state: State) -> (HostPort, Arc<Mutex<State>>, JoinSet<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = HostPort { host: "127.0.0.1".to_owned(), port: socket.local_addr().unwrap().port() };
    let state = Arc::new(Mutex::new(state));
    let (shared, mut tasks) = (Arc::clone(&state), JoinSet::new());
    tasks.spawn(async move {
        let mut bytes = vec![0; 65_535];
        loop {
            let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
            let answer = shared.lock().unwrap().answer(&mut bytes[..length]);
            if let Some(answer) = answer {
                socket.send_to(&answer, from).await.unwrap();
            }
        }
    });
    (address, state, tasks)
}

fn asked(address: &HostPort) -> SnmpParams {
    let privacy = SnmpPrivacy { cipher: SnmpCipher::Aes128, secret: Id::new("cifra").unwrap() };
    SnmpParams {
        access: SnmpAccess::V3 {
            user: "vedetta".to_owned(),
            auth: SnmpAuth::Sha256,
            secret: Id::new("frase").unwrap(),
            privacy: Some(privacy),
            context: String::new(),
        },
        ..params(address)
    }
}

#[tokio::test]
async fn an_engine_that_restarts_is_met_again_inside_the_run() {
    for is_mute in [false, true] {
        let (address, state, _tasks) = agent(State { is_mute, ..State::of(ENGINE, PASSPHRASE) }).await;
        let folder = tempfile::tempdir().unwrap();
        let surroundings = secrets(folder.path());
        for _ in 0..2 {
            check(
                &run_in(&surroundings, folder.path(), asked(&address)).await,
                Verdict::Up,
                Reason::None,
                "",
            );
        }
        assert_eq!(state.lock().unwrap().discoveries, 1, "the engine is remembered");
        state.lock().unwrap().boots = 4;
        let outcome = run_in(&surroundings, folder.path(), asked(&address)).await;
        check(&outcome, Verdict::Up, Reason::None, "");
        assert_eq!(state.lock().unwrap().discoveries, 1 + usize::from(is_mute));
        // Another device in its place.
        *state.lock().unwrap() = State { boots: 1, ..State::of(&[ENGINE, &[9]].concat(), PASSPHRASE) };
        let outcome = run_in(&surroundings, folder.path(), asked(&address)).await;
        check(&outcome, Verdict::Up, Reason::None, "");
    }
}

#[tokio::test]
async fn a_passphrase_that_is_not_accepted_is_no_dead_device() {
    let (address, _state, _tasks) = agent(State::of(ENGINE, "tutt'altra frase")).await;
    let outcome = run(asked(&address)).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpAuth, "the passphrase or the algorithm of `auth`");
}
