//! The agent's side, as far as the wire shows it.

use std::sync::Arc;

use collector_api::{
    Batch, Chain, ClockReading, EnrolLine, EnrolRequest, Group, Hello, JournalHead, PublicKey, Record,
    Refusal, Route, Signature, SigningKey, Start, StreamId, answer_preimage, header, hex_decode, hex_encode,
    request_preimage,
};
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The agent's side, as far as the wire shows it.
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) key: SigningKey,
    pub(crate) collector: PublicKey,
    pub(crate) tls: TlsConnector,
    pub(crate) server_name: String,
    pub(crate) address: String,
    pub(crate) stream: StreamId,
}

pub(crate) type Answer = (u16, Vec<u8>);

impl Agent {
    pub(crate) fn of(line: &EnrolLine, seed: u8) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(line.authority.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            name: line.agent.clone(),
            key: SigningKey::from_seed(&[seed; 32]).unwrap(),
            collector: PublicKey::from_slice(&line.collector).unwrap(),
            tls: TlsConnector::from(Arc::new(config)),
            server_name: line.server_name.clone(),
            address: line.addresses[0].clone(),
            stream: StreamId([seed; 16]),
        }
    }

    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let name = ServerName::try_from(self.server_name.clone()).unwrap();
        self.tls.connect(name, stream).await.unwrap()
    }

    /// One request on its own connection; panics unless the answer's signature verifies.
    pub(crate) async fn ask(&self, route: Route, headers: &[(&str, String)], body: Vec<u8>) -> Answer {
        let nonce = [7; 16];
        let mut request = Request::builder()
            .method(route.method())
            .uri(route.path())
            .header("host", &self.server_name)
            .header(header::NONCE, hex_encode(&nonce));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(self.connect().await)).await.unwrap();
        let exchange = async {
            let response = sender.send_request(request).await.unwrap();
            let status = response.status().as_u16();
            let signature = response.headers()[header::SIGNATURE].to_str().unwrap().to_owned();
            let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
            let signature = Signature::from_slice(&hex_decode(&signature).unwrap()).unwrap();
            let preimage = answer_preimage(route.path(), &nonce, status, &body);
            assert!(self.collector.verifies(&preimage, &signature), "an answer of {status} is not signed");
            (status, body)
        };
        tokio::select! {
            answer = exchange => answer,
            () = async { let _ = connection.await; std::future::pending::<()>().await } => unreachable!(),
        }
    }

    pub(crate) async fn enrol(&self, line: &EnrolLine) -> Answer {
        let request = EnrolRequest::new(&self.name, &line.code, "0.1.0", &self.key);
        self.ask(Route::Enrol, &[], request.encode_to_vec()).await
    }

    pub(crate) async fn challenge(&self) -> Vec<u8> {
        let (status, challenge) = self.ask(Route::Challenge, &[], Vec::new()).await;
        assert_eq!((status, challenge.len()), (200, 24));
        challenge
    }

    pub(crate) async fn signed(&self, route: Route, challenge: &[u8], body: Vec<u8>) -> Answer {
        let preimage = request_preimage(route.method(), route.path(), &[7; 16], challenge, &body);
        let headers = [
            (header::AGENT, self.name.clone()),
            (header::CHALLENGE, hex_encode(challenge)),
            (header::SIGNATURE, hex_encode(&self.key.sign(&preimage).0)),
        ];
        self.ask(route, &headers, body).await
    }

    pub(crate) async fn hello(&self, now_ms: i64) -> Answer {
        self.hello_remembering(now_ms, None).await
    }

    /// As an agent that has seen this head of the journal.
    pub(crate) async fn hello_remembering(&self, now_ms: i64, journal: Option<JournalHead>) -> Answer {
        let hello = Hello {
            journal,
            stream: self.stream.0.to_vec(),
            sent_ms: now_ms,
            version: "0.1.0".to_owned(),
            ..Hello::default()
        };
        self.signed(Route::Hello, &self.challenge().await, hello.encode_to_vec()).await
    }

    /// A batch of one group with one record, right after `before`.
    pub(crate) fn batch(&self, seq: u64, before: Chain, now_ms: i64) -> (Batch, Chain) {
        let start = Start { at_ms: now_ms, version: "0.1.0".to_owned(), ..Start::default() };
        let record = Record { start: Some(start), ..Record::default() };
        let group = Group { first_seq: seq, base_ms: now_ms, records: vec![record] }.encode_to_vec();
        let clock = ClockReading { sent_ms: now_ms, offset_ms: 0, rtt_ms: 1, ntp_error_ms: 0 };
        let batch = Batch::pack(self.stream, (seq, seq), before, &[&group], clock, &self.key).unwrap();
        (batch, before.extend(&group))
    }

    pub(crate) async fn push(&self, batch: &Batch) -> Answer {
        self.ask(Route::Batches, &[(header::AGENT, self.name.clone())], batch.encode_to_vec()).await
    }
}

pub(crate) fn refusal(answer: &Answer) -> Refusal {
    Refusal::decode(answer.1.as_slice()).unwrap()
}
