//! A PgBouncer in transaction mode, in front of the Postgres of this process.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::port::free_address;

/// A running pooler.
#[derive(Debug)]
pub struct Pooler {
    pub port: u16,
}

/// Starts one that ends with this process, as its Postgres does.
pub fn start(server: u16) -> Pooler {
    let home = tempfile::Builder::new().prefix("patchbay-pgbouncer-").tempdir().unwrap().keep();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).unwrap();
    let port = free_address().port();
    let settings = format!(
        "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
    );
    // Whom it lets in is not what is tried: everybody comes as the role of patchbay.
    let settings = settings.replace(&format!("port={server}\n"), &format!("port={server} user=patchbay\n"));
    let ini = home.join("pgbouncer.ini");
    fs::write(&ini, settings).unwrap();
    let home = home.display();
    let script = format!(
        "pgbouncer {ini} >'{home}/log' 2>&1 & pooler=$!; cat >/dev/null; kill -INT $pooler; wait $pooler || true; cd /; rm -rf '{home}'",
        ini = ini.display()
    );
    let mut command = super::postgres::as_nobody_special();
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(
        Command::new("sh").args(["-c", "command -v pgbouncer"]).stdout(Stdio::null()).status().unwrap().success(),
        "PgBouncer is not here: install it (apt-get install pgbouncer) and run this again"
    );
    let keeper = command.spawn().unwrap_or_else(|error| panic!("could not start PgBouncer: {error}"));
    std::mem::forget(keeper);
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "PgBouncer did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    Pooler { port }
}
