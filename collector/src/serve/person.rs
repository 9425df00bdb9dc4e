//! Who is at the operators' socket: its peer's uid, which the kernel tells and nobody can choose.
//!
//! The journal names people by the user name of that uid, and keeps both. Root may act for a person and names it; nobody else can.
//! Names are looked up in the machine's directory, which may be far away: off the runtime's threads.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use nix::unistd::{Uid, User};

use collector_derive::{BY_ROOT, NOBODY};

use super::listen::Peer;
use crate::declare::{Person, ROOT, say};
use crate::operator::{AS_HEADER, Said, Trouble};

const AUTHOR_BYTES_MAX: usize = 64;
/// Before the number of a user without a name.
const NAMELESS: &str = "uid ";

/// Whoever may use the socket, as the journal will name them.
#[derive(Debug)]
pub(super) struct Author(pub(super) String);

/// Whoever may declare something: the same, with the account behind it.
#[derive(Debug)]
pub(super) struct Declarant(pub(super) Person);

/// Root or the collector's own user: who may give keys to agents, take them, and answer for a restored journal.
#[derive(Debug)]
pub(super) struct Keeper(pub(super) String);

/// An act that is not theirs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forbidden(Said);

impl<S: Sync> FromRequestParts<S> for Author {
    type Rejection = Forbidden;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Forbidden> {
        let uid = uid(parts)?;
        if let Some(named) = named(uid, &parts.headers)? {
            return Ok(Self(named));
        }
        let name = tokio::task::spawn_blocking(move || user_name(uid)).await;
        Ok(Self(name.unwrap_or_else(|_| format!("{NAMELESS}{uid}"))))
    }
}

impl<S: Sync> FromRequestParts<S> for Declarant {
    type Rejection = Forbidden;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Forbidden> {
        let uid = uid(parts)?;
        let uid = if keeps(uid, Uid::effective().as_raw()) { 0 } else { uid };
        Author::from_request_parts(parts, state).await.map(|Author(name)| Self(Person { name, uid }))
    }
}

impl<S: Sync> FromRequestParts<S> for Keeper {
    type Rejection = Forbidden;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Forbidden> {
        if !keeps(uid(parts)?, Uid::effective().as_raw()) {
            return Err(Forbidden(say!(
                "root and the collector's own user alone give and take agents' keys and declare a restore; ask with `sudo`",
                "solo root e l'utente del collettore danno e tolgono le chiavi delle sonde e dichiarano un ripristino; chiedi con `sudo`"
            )));
        }
        Author::from_request_parts(parts, state).await.map(|Author(name)| Self(name))
    }
}

impl IntoResponse for Forbidden {
    fn into_response(self) -> Response {
        let Said { en, it } = self.0;
        (StatusCode::FORBIDDEN, Json(Trouble { error: en, errore: Some(it) })).into_response()
    }
}

/// The user's name; root's is [`ROOT`], whatever the machine calls it.
pub(super) fn user_name(uid: u32) -> String {
    // Approvals tell root from others by this name.
    if uid == 0 {
        return ROOT.to_owned();
    }
    match User::from_uid(uid.into()) {
        Ok(Some(user)) => user.name,
        _ => format!("{NAMELESS}{uid}"),
    }
}

/// The account behind an author of the journal: two names of one uid are one account, and the collector's own is
/// root's, as nobody logs in with it. `None` when it cannot be told: the name is not known (any more), or stands
/// for everybody whom the kernel cannot name.
pub(super) fn account(author: &str) -> Option<u32> {
    let uid = match author.strip_prefix(NAMELESS).and_then(|uid| uid.parse().ok()) {
        Some(uid) => uid,
        None => User::from_name(author).ok().flatten()?.uid.as_raw(),
    };
    match uid {
        NOBODY => None,
        _ if keeps(uid, Uid::effective().as_raw()) => Some(0),
        _ => Some(uid),
    }
}

fn uid(parts: &Parts) -> Result<u32, Forbidden> {
    parts.extensions.get::<Peer>().and_then(|peer| peer.uid).ok_or_else(|| {
        Forbidden(say!(
            "acts come through the collector's own socket only",
            "gli atti passano soltanto dal socket del collettore"
        ))
    })
}

fn keeps(uid: u32, own: u32) -> bool {
    uid == 0 || uid == own
}

/// The person that root names, if the request names one.
fn named(uid: u32, headers: &HeaderMap) -> Result<Option<String>, Forbidden> {
    let Some(named) = headers.get(AS_HEADER) else { return Ok(None) };
    if uid != 0 {
        return Err(Forbidden(say!(
            "only root names another author; leave `--as` out",
            "solo root indica un altro autore; togli `--as`"
        )));
    }
    let named = named.to_str().unwrap_or_default().trim();
    if named.is_empty() || named.len() > AUTHOR_BYTES_MAX || named.bytes().any(|byte| byte.is_ascii_control())
    {
        return Err(Forbidden(say!(
            "`--as` takes a name of 1 to 64 printable ASCII characters",
            "`--as` vuole un nome da 1 a 64 caratteri ASCII stampabili"
        )));
    }
    Ok(Some(format!("{named}{BY_ROOT}")))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(uid: Option<u32>, named: Option<&'static str>) -> Parts {
        let mut request = Request::new(());
        request.extensions_mut().insert(Peer { uid });
        if let Some(named) = named {
            request.headers_mut().insert(AS_HEADER, named.parse().unwrap());
        }
        request.into_parts().0
    }

    #[tokio::test]
    async fn only_root_names_another_author() {
        let of =
            async |uid, named| Author::from_request_parts(&mut parts(uid, named), &()).await.map(|it| it.0);
        assert_eq!(of(Some(0), None).await.unwrap(), "root");
        assert_eq!(of(Some(0), Some("m.rossi")).await.unwrap(), "m.rossi (root)");
        assert!(of(Some(1000), Some("m.rossi")).await.is_err());
        assert!(of(Some(0), Some("")).await.is_err());
        assert!(of(None, None).await.is_err(), "not by the web listener");
        assert_eq!(of(Some(4_000_000_000), None).await.unwrap(), "uid 4000000000");
    }

    #[tokio::test]
    async fn who_declares_is_told_with_the_account() {
        let of = async |uid, named| {
            let declarant = Declarant::from_request_parts(&mut parts(uid, named), &()).await;
            declarant.map(|Declarant(Person { name, uid })| (name, uid))
        };
        assert_eq!(of(Some(0), None).await.unwrap(), ("root".to_owned(), 0));
        assert_eq!(of(Some(0), Some("m.rossi")).await.unwrap(), ("m.rossi (root)".to_owned(), 0));
        let stranger = of(Some(4_000_000_000), None).await.unwrap();
        assert_eq!(stranger, ("uid 4000000000".to_owned(), 4_000_000_000));
        assert_eq!(of(Some(Uid::effective().as_raw()), None).await.unwrap().1, 0, "the collector's own");
        assert!(of(Some(1000), Some("m.rossi")).await.is_err());
        assert!(of(None, None).await.is_err());
    }

    #[tokio::test]
    async fn keys_are_given_by_root_and_the_collectors_own_user_only() {
        let of = async |uid| Keeper::from_request_parts(&mut parts(uid, None), &()).await.map(|it| it.0);
        assert_eq!(of(Some(0)).await.unwrap(), "root");
        assert!(of(Some(Uid::effective().as_raw())).await.is_ok());
        assert!(of(Some(4_000_000_000)).await.is_err());
        assert!(of(None).await.is_err());
        for (uid, own, may) in [(0, 0, true), (0, 7, true), (7, 7, true), (8, 7, false), (8, 0, false)] {
            assert_eq!(keeps(uid, own), may, "{uid} of the collector of {own}");
        }
    }

    #[test]
    fn an_account_is_its_uid() {
        assert_eq!(account("root"), Some(0));
        assert_eq!(account("uid 4000000000"), Some(4_000_000_000));
        assert_eq!(account("uid 65534"), None);
        assert_eq!(account("nobody-of-that-name"), None);
        assert_eq!(account(&user_name(Uid::effective().as_raw())), Some(0), "the collector's own");
    }
}
