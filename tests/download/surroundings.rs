//! What the environment says: proxies, certificates, lists in any encoding.

use super::common::{Folder, Run, ignored, kill, pcount, run, spawn};
use super::server::Server;
use super::{clean, command, download, files_in, rows};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A proxy for any connection, and how many it made.
fn socks() -> (u16, Arc<AtomicUsize>) {
    fn pass(mut client: TcpStream, made: &AtomicUsize) -> std::io::Result<()> {
        let mut head = [0; 2];
        client.read_exact(&mut head)?;
        client.read_exact(&mut vec![0; head[1].into()])?;
        client.write_all(&[5, 0])?;
        // Only connections to addresses of four bytes.
        let mut asked = [0; 10];
        client.read_exact(&mut asked)?;
        let to = (Ipv4Addr::new(asked[4], asked[5], asked[6], asked[7]), u16::from_be_bytes([asked[8], asked[9]]));
        let mut server = TcpStream::connect(to)?;
        made.fetch_add(1, Ordering::SeqCst);
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
        let (mut from, mut into) = (client.try_clone()?, server.try_clone()?);
        std::thread::spawn(move || std::io::copy(&mut from, &mut into));
        std::io::copy(&mut server, &mut client)?;
        client.shutdown(std::net::Shutdown::Both)
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, made) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = made.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let _ = pass(client, &count);
        }
    });
    (port, made)
}

#[test]
fn proxies_are_used_as_curl_uses_them() {
    let (server, proxy, folder) = (Server::new(), Server::new(), Folder::new("proxy"));
    let (address, port) = (format!("http://127.0.0.1:{}", proxy.port), server.port);
    let with_port = format!("127.0.0.1:{port}");
    // What is set beside the proxy, and whether it is used.
    for (index, (name, no_proxy, used)) in [
        ("http_proxy", "", true),
        ("all_proxy", "", true),
        ("https_proxy", "", false),
        ("HTTP_PROXY", "", false),
        ("http_proxy", "localhost, 127.0.0.1", false),
        ("http_proxy", "127.0.0.0/8", false),
        ("http_proxy", "10.0.0.0/8", true),
        ("http_proxy", &with_port, true),
        ("http_proxy", "*", false),
        ("http_proxy", "example.org", true),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/plain/{index}");
        let mut command = command(&[server.url(&path)], &folder.file("out"), &[]);
        command.env(name, &address).env("no_proxy", no_proxy);
        let run = run(command);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!((proxy.asked(&path), server.asked(&path)), (used.into(), (!used).into()), "{name} {no_proxy}");
        // The proxy is asked for the whole URL, and not for a tunnel.
        assert!(proxy.requests(&path).iter().all(|asked| asked.target == server.url(&path)));
    }
}

#[test]
fn a_socks_proxy_is_used_or_missed_but_never_passed_by() {
    let (server, folder, (port, made)) = (Server::new(), Folder::new("socks"), socks());
    let through = |proxy: String, path: &str| {
        let mut command = command(&[server.url(path)], &folder.file("out"), &[]);
        command.env("all_proxy", proxy);
        run(command)
    };
    let run = through(format!("socks5://127.0.0.1:{port}"), "/plain/a");
    assert_eq!((run.code, made.load(Ordering::SeqCst)), (Some(0), 1), "{run:?}");
    for proxy in ["socks5://127.0.0.1:1", "socks9://me:geheim@127.0.0.1:1"] {
        let run = through(proxy.into(), "/plain/b");
        assert_eq!((run.code, server.asked("/plain/b")), (Some(1), 0), "{run:?}");
        assert!(!run.out.contains("geheim"), "{run:?}");
    }
}

#[test]
fn a_host_of_any_script_is_asked_for_by_its_name_in_the_net() {
    let (proxy, folder) = (Server::new(), Folder::new("script"));
    let mut command = command(&["http://bücher.example/plain/größe".into()], &folder.file("out"), &[]);
    command.env("http_proxy", format!("http://127.0.0.1:{}", proxy.port));
    let run = run(command);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(proxy.requests("")[0].target, "http://xn--bcher-kva.example/plain/gr%C3%B6%C3%9Fe");
    assert!(std::path::Path::new(&folder.file("out/größe")).exists());
}

#[test]
fn urls_come_from_lists_of_any_editor() {
    let (server, folder) = (Server::new(), Folder::new("list"));
    let list = folder.file("list");
    let text = format!("# two files\r\n\r\n{}\r\n  {}\r\n", server.url("/plain/a"), server.url("/plain/b"));
    let wide = |unit: fn(u16) -> [u8; 2]| format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    for bytes in [
        text.clone().into_bytes(),
        format!("\u{feff}{text}").into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
    ] {
        std::fs::write(&list, &bytes).unwrap();
        let run = download(&[server.url("/plain/c")], &folder.file("out"), &["--list", &list]);
        assert_eq!((run.code, rows(&run).len()), (Some(0), 3), "{run:?}");
    }
    for (bytes, says) in [(&b"http://fine/\nnot-a-url\n"[..], "'not-a-url'"), (b"http://h/gr\xf6\xdfe", "UTF-8")] {
        std::fs::write(&list, bytes).unwrap();
        let run = download(&[], &folder.file("out"), &["--list", &list]);
        assert_eq!((run.code, run.said().len()), (Some(2), 1), "{run:?}");
        assert!(run.err.contains(says), "{}", run.err);
    }
    let mut command = clean(pcount(&["download", "-q", "--list", "-", "--dir", &folder.file("pipe")]));
    let mut child = spawn(command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()));
    writeln!(child.stdin.take().unwrap(), "\u{feff}{}", server.url("/plain/abc")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("ba7816bf"));
}

/// A server of `localhost` with a certificate of its own, which is in the file.
fn secure(file: &str) -> Server {
    let own = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    std::fs::write(file, own.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    Server::over(move |stream| {
        let session = rustls::ServerConnection::new(config.clone()).unwrap();
        Box::new(rustls::StreamOwned::new(session, stream))
    })
}

#[test]
fn https_is_checked_against_the_certificates() {
    let (folder, open) = (Folder::new("https"), Server::new());
    let server = secure(&folder.file("ca.pem"));
    let get = |path: &str, certificates: Option<&str>| -> Run {
        let url = format!("https://localhost:{}{path}", server.port);
        let mut command = command(&[url], &folder.file("out"), &[]);
        if let Some(file) = certificates {
            command.env("SSL_CERT_FILE", file);
        }
        run(command)
    };
    // A stranger's certificate is refused, and not asked for again and again. An empty name is none.
    for nothing in [None, Some("")] {
        let stranger = get("/plain/secret", nothing);
        assert_eq!(stranger.code, Some(1), "{stranger:?}");
        let error = rows(&stranger)[0]["error"].as_str().unwrap().to_string();
        assert!(error.contains("certificate") && !error.contains("tries"), "{error}");
    }
    let ca = folder.file("ca.pem");
    let trusted = get("/plain/secret", Some(&ca));
    assert_eq!(trusted.code, Some(0), "{trusted:?}");
    assert_eq!(std::fs::read(folder.file("out/secret")).unwrap(), b"secret");
    // A file of certificates that is none is wrong before anything is fetched by https, and nobody's business by http.
    for wrong in [folder.file("none.pem"), folder.file("out/secret")] {
        assert_eq!(get("/plain/secret", Some(&wrong)).code, Some(2));
        let mut http = command(&[open.url("/plain/open")], &folder.file("out"), &[]);
        http.env("SSL_CERT_FILE", &wrong);
        assert_eq!(run(http).code, Some(0));
    }
    // What only two should read is not asked for so that all can.
    let downgrade = format!("https://localhost:{}/downgrade/{}", server.port, open.port);
    let follow = |more: &[&str]| {
        let mut command = command(std::slice::from_ref(&downgrade), &folder.file("down"), more);
        command.env("SSL_CERT_FILE", &ca);
        run(command)
    };
    let refused = follow(&[]);
    assert_eq!((refused.code, open.asked("/plain/readable")), (Some(1), 0), "{refused:?}");
    assert!(
        rows(&refused)[0]["error"].as_str().unwrap().starts_with("redirected from https to 'http://"),
        "{refused:?}"
    );
    let asked_for = follow(&["--allow-http"]);
    assert_eq!((asked_for.code, open.asked("/plain/readable")), (Some(0), 1), "{asked_for:?}");
}

#[test]
fn a_run_that_is_stopped_amid_tls_ends_in_order() {
    let folder = Folder::new("tls-stop");
    let server = secure(&folder.file("ca.pem"));
    let urls: Vec<String> = (0..8).map(|n| format!("https://localhost:{}/trickle/{n}", server.port)).collect();
    let mut command = command(&urls, &folder.file("out"), &["--out", &folder.file("run.h5")]);
    command.env("SSL_CERT_FILE", folder.file("ca.pem"));
    let child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    for n in 0..8 {
        server.wait_for(&format!("/trickle/{n}"));
    }
    kill("TERM", child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(85), "{output:?}");
    assert!(files_in(&folder.file("out")).is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn the_systems_store_is_read() {
    let folder = Folder::new("store");
    let server = secure(&folder.file("ca.pem"));
    // A namespace of its own, in which this certificate is the system's; only root can make one.
    let store = "/etc/ssl/certs/ca-certificates.crt";
    let script = format!("mount --bind \"$1\" {store} && shift && exec \"$@\"");
    let ca = folder.file("ca.pem");
    let inside = |words: &[&str]| {
        let mut command = clean(std::process::Command::new("unshare"));
        command.args(["--mount", "sh", "-c", &script, "sh", &ca]).args(words);
        run(command)
    };
    if !std::path::Path::new(store).exists() || inside(&["true"]).code != Some(0) {
        return ignored("no namespace can be made here");
    }
    let url = format!("https://localhost:{}/plain/secret", server.port);
    let out = folder.file("out");
    let run = inside(&[env!("CARGO_BIN_EXE_pcount"), "download", "--format", "json", "--dir", &out, &url]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn libcurl_is_made_ready_by_downloads_only() {
    let folder = Folder::new("ready");
    let fifo = folder.file("openssl.cnf");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Whoever makes libcurl ready has OpenSSL read this, and waits for ever.
    let mut command = clean(pcount(&["pi", "1e6", "-q"]));
    command.env("OPENSSL_CONF", &fifo);
    let run = run(command);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "78498\n"), "{run:?}");
}
