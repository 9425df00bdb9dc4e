//! Version 3, against an agent that restarts, changes and lies.

use super::super::usm::played::Agent;
use super::super::usm::{Discovered, Engine};
use super::*;

const ENGINE: &[u8] = &[0x80, 0, 0x1f, 0x88, 4, 7, 7];

const PASSPHRASE: &str = "una frase segreta";

/// What the agent is now.
#[derive(Clone)]
struct State {
    agent: Agent,
    passphrase: &'static str,
    /// Says nothing to a request of other boots, as some do.
    is_mute: bool,
    discoveries: usize,
}

impl State {
    fn of(engine: &[u8], passphrase: &'static str) -> Self {
        let user = User {
            name: "vedetta".to_owned(),
            auth: SnmpAuth::Sha256,
            passphrase: passphrase.to_owned(),
            privacy: Some((SnmpCipher::Aes128, "un'altra frase".to_owned())),
            context: String::new(),
        };
        let engine = Engine::of(&user, &Discovered { id: engine.to_vec(), boots: 3, time: 50 }).unwrap();
        Self { agent: Agent(engine), passphrase, is_mute: false, discoveries: 0 }
    }

    /// A report of one of `usmStats`.
    fn report(&self, request: i32, stat: u32, is_signed: bool) -> Vec<u8> {
        let oid = oid_of(&format!("1.3.6.1.6.3.15.1.1.{stat}.0"));
        let values = sequence(SEQUENCE, &[sequence(SEQUENCE, &[object(&oid), of_type(0x41, &[1])])]);
        let pdu = sequence(0xa8, &[integer(i64::from(request)), integer(0), integer(0), values]);
        if is_signed {
            self.agent.tell_signed(request, &pdu)
        } else {
            self.agent.tell_in_clear(request, &pdu)
        }
    }

    fn answer(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        let heard = self.agent.hear(request);
        if !heard.is_signed {
            self.discoveries += 1;
            return Some(self.report(heard.message, 4, false));
        }
        let Some(pdu) = heard.pdu else {
            let stat = if self.passphrase == PASSPHRASE { 4 } else { 5 };
            return Some(self.report(heard.message, stat, false));
        };
        if heard.boots != self.agent.0.boots {
            return (!self.is_mute).then(|| self.report(heard.message, 2, true));
        }
        let uptime = [object(&oid_of("1.3.6.1.2.1.1.3.0")), of_type(0x43, &8_640_000_u32.to_be_bytes())];
        let values = sequence(SEQUENCE, &[sequence(SEQUENCE, &uptime)]);
        let parts = [integer(i64::from(pdu.request)), integer(0), integer(0), values];
        Some(self.agent.tell_encrypted(heard.message, &sequence(RESPONSE, &parts)))
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
            let answer = shared.lock().unwrap().answer(&bytes[..length]);
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
        state.lock().unwrap().agent.0.boots = 4;
        let outcome = run_in(&surroundings, folder.path(), asked(&address)).await;
        check(&outcome, Verdict::Up, Reason::None, "");
        assert_eq!(state.lock().unwrap().discoveries, 1 + usize::from(is_mute));
        // Another device in its place.
        *state.lock().unwrap() = State::of(&[ENGINE, &[9]].concat(), PASSPHRASE);
        state.lock().unwrap().agent.0.boots = 1;
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

/// Agents tell of neither a wrong key for encryption nor a context that they have not, so that is asked back.
#[test]
fn silence_behind_an_engine_that_says_who_it_is_is_no_dead_device() {
    for (has_privacy, has_context, told) in [
        (false, false, [false, false]),
        (true, false, [true, false]),
        (false, true, [false, true]),
        (true, true, [true, true]),
    ] {
        let untold = super::super::session::untold(has_privacy, has_context);
        assert_eq!(untold.is_some(), has_privacy || has_context);
        let untold = untold.unwrap_or_default();
        assert_eq!([untold.contains("`privacy`"), untold.contains("`context`")], told, "{untold}");
    }
}
