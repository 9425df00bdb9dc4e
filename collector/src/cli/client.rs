//! HTTP/1.1 over the collector's socket, for commands: blocking, one request per connection.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::declare::say;
use crate::operator::{AS_HEADER, SOCKET_NAME, Trouble};
use crate::publish::Lang;

/// More than any answer: ten years of outages of a large charter are some MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// A figure takes milliseconds; a reload of a large charter seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// What was known in the past is derived anew the first time it is asked about: a year in some minutes at most.
const PATIENCE_WITH_THE_PAST: Duration = Duration::from_mins(10);

/// Asks the collector whose state directory this is.
#[derive(Debug)]
pub(crate) struct Client {
    socket: PathBuf,
    config: PathBuf,
    lang: Lang,
}

impl Client {
    /// Of the collector in `state`; `config` is named when it is not running.
    pub(crate) fn new(state: &Path, config: &Path) -> Self {
        Self { socket: state.join(SOCKET_NAME), config: config.to_owned(), lang: Lang::En }
    }

    /// Tells refusals in this language, where they are said in both.
    pub(crate) fn speaking(self, lang: Lang) -> Self {
        Self { lang, ..self }
    }

    /// `GET`, decoded.
    pub(crate) fn get_json<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let body = self.ask(Method::GET, path, None, Bytes::new())?;
        serde_json::from_slice(&body)
            .with_context(|| format!("the collector's answer to {path} is of another version"))
    }

    /// `POST`; `author` is how root names itself.
    pub(crate) fn post_json<Q: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        author: Option<&str>,
        question: &Q,
    ) -> anyhow::Result<T> {
        let question = serde_json::to_vec(question)?;
        let body = self.ask(Method::POST, path, author, question.into())?;
        serde_json::from_slice(&body)
            .with_context(|| format!("the collector's answer to {path} is of another version"))
    }

    fn ask(&self, method: Method, path: &str, author: Option<&str>, body: Bytes) -> anyhow::Result<Bytes> {
        let patience = patience(path);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "vedetta")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(author) = author {
            request = request.header(AS_HEADER, author);
        }
        let request = request.body(Full::new(body)).context("the request cannot be made")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (status, body) = runtime
            .block_on(async { tokio::time::timeout(patience, self.exchange(request)).await })
            .with_context(|| format!("the collector did not answer within {} s", patience.as_secs()))??;
        if status.is_success() {
            return Ok(body);
        }
        match serde_json::from_slice::<Trouble>(&body) {
            Ok(Trouble { errore: Some(errore), .. }) if self.lang == Lang::It => bail!("{errore}"),
            Ok(trouble) => bail!("{}", trouble.error),
            Err(_) => bail!("the collector answered {status}: {}", String::from_utf8_lossy(&body).trim()),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(&error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let asking = async {
            let response = sender.send_request(request).await.context("the collector did not answer")?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!("the collector's answer broke off: {error}"))?;
            Ok((status, body.to_bytes()))
        };
        // The connection drives the exchange; alone it ends only when the collector hangs up.
        let driving = async {
            match connection.await {
                Ok(()) => std::future::pending().await,
                Err(error) => anyhow::Error::from(error).context("the connection to the collector broke"),
            }
        };
        tokio::select! {
            biased;
            answer = asking => answer,
            error = driving => Err(error),
        }
    }

    fn unreachable(&self, error: &io::Error) -> anyhow::Error {
        let (socket, config) = (self.socket.display(), self.config.display());
        let said = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => say!(
                "the collector is not running: nobody listens on `{socket}`; start it with `systemctl start vedetta`, or by hand with `vedetta serve --config {config}`",
                "il collettore non è in esecuzione: nessuno ascolta su `{socket}`; avvialo con `systemctl start vedetta`, o a mano con `vedetta serve --config {config}`"
            ),
            io::ErrorKind::PermissionDenied => say!(
                "you may not use `{socket}`; ask as a member of the group that `collector.operators` names (`id` shows yours; a new one counts from the next login), or with `sudo`",
                "non puoi usare `{socket}`; chiedi come membro del gruppo indicato da `collector.operators` (`id` mostra i tuoi; uno nuovo vale dal prossimo accesso), oppure con `sudo`"
            ),
            _ => say!(
                "cannot connect to the collector at `{socket}`: {error}",
                "non ci si può collegare al collettore su `{socket}`: {error}"
            ),
        };
        anyhow::anyhow!("{}", said.get(self.lang))
    }
}

/// How long an answer may take.
fn patience(path: &str) -> Duration {
    let past = ["as_of=", "/acts/seal", "/acts/gaps", "/api/v1/quarters/", "/api/v1/months/"];
    if past.iter().any(|part| path.contains(part)) { PATIENCE_WITH_THE_PAST } else { PATIENCE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_derive_the_past_is_waited_for() {
        for path in [
            "/api/v1/years/2027?as_of=1806573600000",
            "/api/v1/months/2027-03",
            "/acts/gaps?from_ms=0&to_ms=1",
            "/acts/gaps?from_ms=0&to_ms=1&as_of_ms=2",
            "/acts/seal",
        ] {
            assert_eq!(patience(path), PATIENCE_WITH_THE_PAST, "{path}");
        }
        assert_eq!(patience("/api/v1/now"), PATIENCE);
    }
}
