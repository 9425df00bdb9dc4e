//! Who may reach the operators' socket.
//!
//! Without `collector.operators` the state directory is 0700 and the socket in it 0600: root and the collector's
//! own user, nobody else. With a group, the directory becomes 0710 and the socket 0660, both of that group: its
//! members pass through the directory to the socket, cannot list it, and can open nothing else in it, since every
//! other file is 0600. That is checked before the directory is opened, because 0700 would have covered up for a
//! copy that somebody left there. Price: whoever is in the group learns whether a name exists in the directory.
//!
//! A group that cannot be admitted (it does not exist, the process may not give it the socket) does not keep the
//! collector from measuring: the socket stays closed, and the log and `vedetta check` say why.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use tokio::net::UnixListener;
use tracing::{error, info};

use crate::declare::say;
use crate::operator::{SOCKET_NAME, Said};

/// Rights of anybody but the owner.
const OTHERS: u32 = 0o077;

/// Listens on the socket of `state`, for members of `group` too.
pub(super) fn bind(state: &Path, group: Option<&str>) -> io::Result<UnixListener> {
    let path = state.join(SOCKET_NAME);
    // Closed first: nobody slips in before the modes are set, nor stays whom the file no longer names.
    if fs::metadata(state)?.mode() & OTHERS != 0 {
        fs::set_permissions(state, Permissions::from_mode(0o700))?;
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {} // Left by a process that was killed: the lock says that none lives.
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    if let Some(group) = group {
        match admit(state, &path, group) {
            Ok(()) => info!(group, "members of the group may use the operators' socket"),
            Err(why) => error!(
                group,
                why = why.en,
                "the operators' socket stays closed to the group of `collector.operators`"
            ),
        }
    }
    Ok(listener)
}

/// Why the group could not use the socket of a collector that was started now, as far as can be seen from here.
pub(crate) fn doubt(state: &Path, group: &str) -> Option<Said> {
    let gid = match gid(group) {
        Ok(gid) => gid,
        Err(why) => return Some(why),
    };
    // Before `vedetta init`, and on another machine, there is no more to see.
    let owner = fs::metadata(state).ok()?.uid();
    // What a unit's `SupplementaryGroups=` allows shows only in what a running collector did.
    let given = fs::metadata(state.join(SOCKET_NAME)).is_ok_and(|socket| socket.gid() == gid.as_raw());
    let forbidden = if given { None } else { may_give(owner, gid, group) };
    forbidden.or_else(|| exposed(state).ok().flatten())
}

fn admit(state: &Path, socket: &Path, group: &str) -> Result<(), Said> {
    let gid = gid(group)?;
    if let Some(why) = exposed(state).map_err(|error| failed(state, &error))? {
        return Err(why);
    }
    for (path, mode) in [(socket, 0o660), (state, 0o710)] {
        chown(path, None, Some(gid.as_raw())).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => not_a_member(Uid::effective(), group),
            _ => failed(path, &error),
        })?;
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| failed(path, &error))?;
    }
    Ok(())
}

fn gid(group: &str) -> Result<Gid, Said> {
    match Group::from_name(group) {
        Ok(Some(group)) => Ok(group.gid),
        Ok(None) => Err(say!(
            "this machine has no group `{group}`; make it with `groupadd --system {group}`, then restart the collector",
            "questa macchina non ha un gruppo `{group}`; crealo con `groupadd --system {group}`, poi riavvia il collettore"
        )),
        Err(error) => Err(say!(
            "the group `{group}` cannot be looked up: {error}; when `getent group {group}` shows it, restart the collector",
            "il gruppo `{group}` non si può cercare: {error}; quando `getent group {group}` lo mostra, riavvia il collettore"
        )),
    }
}

/// Root may give a file to any group, everybody else only to an own one.
fn may_give(owner: u32, gid: Gid, group: &str) -> Option<Said> {
    if owner == 0 {
        return None;
    }
    let user = User::from_uid(Uid::from_raw(owner)).ok().flatten()?;
    let name = std::ffi::CString::new(user.name).ok()?;
    let groups = getgrouplist(&name, user.gid).ok()?;
    (!groups.contains(&gid)).then(|| not_a_member(user.uid, group))
}

fn not_a_member(uid: Uid, group: &str) -> Said {
    let user = super::person::user_name(uid.as_raw());
    say!(
        "the collector's user `{user}` is not in the group `{group}` and so cannot give it the socket; write `SupplementaryGroups={group}` into the systemd unit, or `usermod -aG {group} {user}`, then restart the collector",
        "l'utente del collettore `{user}` non è nel gruppo `{group}` e perciò non può dargli il socket; scrivi `SupplementaryGroups={group}` nell'unità di systemd, oppure `usermod -aG {group} {user}`, poi riavvia il collettore"
    )
}

/// What others could open, were they let into the directory.
fn exposed(state: &Path) -> io::Result<Option<Said>> {
    for entry in fs::read_dir(state)? {
        let entry = entry?;
        // Of the link itself, which gives nobody a right; its goal is elsewhere, and reachable or not without us.
        let metadata = entry.metadata()?;
        let mode = metadata.mode() & 0o7777;
        if metadata.is_symlink() || entry.file_name() == SOCKET_NAME || mode & OTHERS == 0 {
            continue;
        }
        let path = entry.path().display().to_string();
        return Ok(Some(say!(
            "the group would reach `{path}` as well (mode {mode:04o}); close it with `chmod go= {path}`, then restart the collector",
            "il gruppo raggiungerebbe anche `{path}` (permessi {mode:04o}); chiudilo con `chmod go= {path}`, poi riavvia il collettore"
        )));
    }
    Ok(None)
}

fn failed(path: &Path, error: &io::Error) -> Said {
    let path = path.display();
    say!("`{path}` cannot be given to it: {error}", "`{path}` non gli si può dare: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn own_group() -> Group {
        Group::from_gid(Gid::effective()).unwrap().unwrap()
    }

    fn state() -> tempfile::TempDir {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join("collector.key"), "k").unwrap();
        fs::set_permissions(state.path().join("collector.key"), Permissions::from_mode(0o600)).unwrap();
        state
    }

    #[tokio::test]
    async fn without_a_group_nobody_else_comes_in_and_who_came_before_no_more() {
        let state = state();
        let (group, socket) = (own_group(), state.path().join(SOCKET_NAME));
        for (asked, modes) in [(None, (0o700, 0o600)), (Some(&group), (0o710, 0o660)), (None, (0o700, 0o600))]
        {
            let asked = asked.map(|group| group.name.as_str());
            let listener = bind(state.path(), asked).unwrap();
            assert_eq!((mode(state.path()), mode(&socket)), modes, "{asked:?}");
            assert_eq!(fs::metadata(&socket).unwrap().gid(), group.gid.as_raw());
            assert!(asked.is_none_or(|group| doubt(state.path(), group).is_none()));
            drop(listener); // The socket stays, as after a kill.
        }
        assert_eq!(mode(&state.path().join("collector.key")), 0o600);
    }

    #[tokio::test]
    async fn a_group_that_is_not_there_opens_nothing_and_is_told() {
        let state = state();
        let _listener = bind(state.path(), Some("no-such-group")).unwrap();
        assert_eq!((mode(state.path()), mode(&state.path().join(SOCKET_NAME))), (0o700, 0o600));
        let said = doubt(state.path(), "no-such-group").unwrap();
        assert!(said.en.contains("groupadd --system no-such-group"), "{said:?}");
        assert!(said.it.contains("questa macchina non ha un gruppo"), "{said:?}");
    }

    #[tokio::test]
    async fn a_file_that_was_left_open_keeps_the_group_out() {
        let state = state();
        let copy = state.path().join("collector.key.copy");
        fs::write(&copy, "k").unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o644)).unwrap();
        let group = own_group().name;
        let _listener = bind(state.path(), Some(&group)).unwrap();
        assert_eq!((mode(state.path()), mode(&state.path().join(SOCKET_NAME))), (0o700, 0o600));
        assert!(doubt(state.path(), &group).unwrap().en.contains("chmod go= "));
        fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(doubt(state.path(), &group), None);
    }

    #[test]
    fn a_user_gives_only_to_its_own_groups() {
        let Ok(Some(user)) = User::from_name("daemon") else { return };
        let foreign = Gid::from_raw(user.gid.as_raw() + 54_321);
        assert!(
            may_give(user.uid.as_raw(), foreign, "operatori")
                .unwrap()
                .en
                .contains("usermod -aG operatori daemon")
        );
        assert_eq!(may_give(user.uid.as_raw(), user.gid, "daemon"), None);
        assert_eq!(may_give(0, foreign, "operatori"), None);
    }
}
