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
use crate::operator::{AS_HEADER, Said, Trouble};
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
    /// Or why nobody knows where it is: told when something is asked, in the language of who asks.
    socket: Result<PathBuf, Said>,
    config: PathBuf,
    lang: Lang,
}

impl Client {
    /// Of the collector with this socket; `config` is named when it is not running.
    pub(crate) fn new(socket: Result<PathBuf, Said>, config: &Path) -> Self {
        Self { socket, config: config.to_owned(), lang: Lang::En }
    }

    /// Tells refusals in this language.
    pub(crate) fn speaking(self, lang: Lang) -> Self {
        Self { lang, ..self }
    }

    /// The language of who asks.
    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    /// `GET`, decoded.
    pub(crate) fn get_json<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let body = self.ask(Method::GET, path, None, Bytes::new())?;
        serde_json::from_slice(&body)
            .with_context(|| self.said(&say!(
                "the collector's answer to {path} is of another version; after an upgrade, `systemctl restart vedetta`",
                "la risposta del collettore a {path} è di un'altra versione; dopo un aggiornamento, `systemctl restart vedetta`"
            )))
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
            .with_context(|| self.said(&say!(
                "the collector's answer to {path} is of another version; after an upgrade, `systemctl restart vedetta`",
                "la risposta del collettore a {path} è di un'altra versione; dopo un aggiornamento, `systemctl restart vedetta`"
            )))
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
            .with_context(|| {
                let seconds = patience.as_secs();
                self.said(&say!(
                    "the collector did not answer within {seconds} s",
                    "il collettore non ha risposto entro {seconds} s"
                ))
            })??;
        if status.is_success() {
            return Ok(body);
        }
        match serde_json::from_slice::<Trouble>(&body) {
            Ok(Trouble { errore: Some(errore), .. }) if self.lang == Lang::It => bail!("{errore}"),
            Ok(trouble) => bail!("{}", trouble.error),
            Err(_) => {
                let body = String::from_utf8_lossy(&body);
                let body = body.trim();
                bail!(self.said(&say!(
                    "the collector answered {status}: {body}",
                    "il collettore ha risposto {status}: {body}"
                )))
            }
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        let socket = self.socket.as_ref().map_err(|why| anyhow::anyhow!(self.said(why)))?;
        let stream = UnixStream::connect(socket).await.map_err(|error| self.unreachable(socket, &error))?;
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

    fn unreachable(&self, socket: &Path, error: &io::Error) -> anyhow::Error {
        let (socket, config) = (socket.display(), self.config.display());
        let said = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => say!(
                "the collector is not running: nobody listens on `{socket}`; start it with `systemctl start vedetta`, or by hand with `vedetta serve --config {config}`",
                "il collettore non è in esecuzione: nessuno ascolta su `{socket}`; avvialo con `systemctl start vedetta`, o a mano con `vedetta serve --config {config}`"
            ),
            io::ErrorKind::PermissionDenied => say!(
                "you may not use `{socket}`; ask as a member of the group that `collector.operators` names (`id` shows yours; a new one counts from the next login), or with `sudo`",
                "non puoi usare `{socket}`; chiedi come membro del gruppo indicato da `collector.operators` (`id` mostra i tuoi; uno nuovo vale dal prossimo accesso), o con `sudo`"
            ),
            _ => say!(
                "cannot connect to the collector at `{socket}`: {error}",
                "non riesco a collegarmi al collettore su `{socket}`: {error}"
            ),
        };
        anyhow::anyhow!(self.said(&said))
    }

    fn said(&self, said: &Said) -> String {
        said.get(self.lang).to_owned()
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
