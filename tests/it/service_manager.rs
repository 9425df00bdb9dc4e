//! Both daemons tell a service manager when they are ready, that they go on, and that they end.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use harness::Place;
use harness::daemon::Daemon;

/// A manager with a socket of its own, as systemd gives each service one.
struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        Self { socket }
    }

    /// The next message; a daemon that says nothing fails the story.
    fn hears(&self) -> String {
        let mut said = [0; 256];
        let length = self.socket.recv(&mut said).unwrap();
        String::from_utf8(said[..length].to_vec()).unwrap().trim_end().to_owned()
    }

    /// Everything until the end is told.
    fn hears_until_the_end(&self) {
        while self.hears() != "STOPPING=1" {}
    }
}

#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::served("  rete:\n    users: [uffici]\n");
    place.take_collector().terminate();
    for (name, mut command) in
        [("collector", place.collector_command(&["serve"])), ("agent", place.agent_command(&["run"]))]
    {
        let path = folder.path().join(name);
        let manager = Manager::at(&path);
        let daemon =
            Daemon::start(command.env("NOTIFY_SOCKET", &path), &folder.path().join(format!("{name}.log")));
        assert_eq!(manager.hears(), "READY=1", "{name}");
        assert_eq!(manager.hears(), "WATCHDOG=1", "{name}: what it stores on answers");
        daemon.terminate();
        manager.hears_until_the_end();
    }
}
