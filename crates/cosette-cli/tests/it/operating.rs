//! What an operator does: a file of settings, health and metrics, signals.

use crate::world::World;

#[test]
fn the_example_of_settings_is_one_that_can_be_used() {
    let world = World::new();
    let example = world.ok(&["config", "example"]).stdout;
    assert!(example.contains("#requests_max = 1024"), "{example}");
    let path = world.file("server.toml", &example);
    assert!(
        world
            .ok(&["config", "check", &path])
            .stdout
            .contains("good")
    );
    let path = world.file("bad.toml", "[limits]\nrequests_maximum = 3\n");
    let told = world.refused(2, &["config", "check", &path]);
    assert!(
        told.to_string().contains("limits.requests_maximum"),
        "{told}"
    );
    let tls = format!("tls_cert = \"{path}\"\ntls_key = \"{path}\"\n");
    let path = world.file("tls.toml", tls);
    assert_eq!(
        world.refused(2, &["config", "check", &path])["kind"],
        "usage"
    );
    assert_eq!(
        world.refused(2, &["serve", "--server-config", &path])["kind"],
        "usage"
    );
}

#[test]
fn other_machines_are_not_served_without_tls_by_mistake() {
    let world = World::new();
    let told = world.refused(2, &["serve", "--listen", "0.0.0.0:0"]);
    assert!(told.to_string().contains("--allow-plain-http"), "{told}");
    let told = world.refused(2, &["serve", "--tls-cert", "chain.pem"]);
    assert!(told.to_string().contains("tls_key"), "{told}");
    assert!(!world.data().exists(), "nothing was begun");
}

#[cfg(unix)]
mod signals {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Stdio};

    use rustix::process::{Pid, Signal, kill_process};

    use crate::network::get;
    use crate::world::World;

    /// A server that ends with the test, and where it tells how it is.
    struct Server {
        child: Child,
        url: String,
        admin: String,
    }

    impl Server {
        fn start(world: &World, args: &[&str]) -> Self {
            let data = world.data();
            let data = data.to_str().unwrap();
            let always = [
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "0",
                "--data",
                data,
            ];
            let mut command = world.command(&[&always, args].concat());
            let mut child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            let url = line
                .trim_end()
                .strip_prefix("listening on ")
                .expect("the ready line")
                .to_owned();
            let stderr = BufReader::new(child.stderr.take().unwrap());
            let mut lines = stderr.lines().map(|line| line.unwrap());
            let told = lines
                .find(|line| line.contains("metrics and health are told"))
                .unwrap();
            let (_, address) = told.split_once("address=").unwrap();
            let admin = format!("http://{}", address.trim());
            // Somebody must read on, or the server waits.
            std::thread::spawn(move || lines.count());
            Self { child, url, admin }
        }

        fn signal(&self, signal: Signal) {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            // It may have ended already.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    #[test]
    fn settings_health_metrics_and_a_log_that_is_moved() {
        let world = World::new();
        let log = world.path("access.log");
        let file = format!(
            "access_log = \"{}\"\n[limits]\nbuckets_per_account_max = 0\n",
            log.display()
        );
        let config = world.file("server.toml", file);
        let mut server = Server::start(
            &world,
            &["--server-config", &config, "--set", "limits.requests_max=7"],
        );
        assert_eq!(get(&format!("{}/health/ready", server.admin)), "ready\n");
        assert!(get(&format!("{}/", server.url)).contains("AccessDenied"));
        let page = get(&format!("{}/metrics", server.admin));
        assert!(
            page.contains("cosette_requests_total{operation=\"GetService\",status=\"4xx\"} 1"),
            "{page}"
        );
        assert!(
            page.contains("cosette_commit_duration_seconds_count"),
            "{page}"
        );
        let moved = world.path("access.log.1");
        std::fs::rename(&log, &moved).unwrap();
        server.signal(Signal::HUP);
        // The signal takes its time; each request is in one file or in the other.
        let mut asked = 1;
        while !log.exists() {
            get(&format!("{}/", server.url));
            asked += 1;
        }
        let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
        assert_eq!(lines(&log) + lines(&moved), asked);
        server.signal(Signal::TERM);
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
    }
}
