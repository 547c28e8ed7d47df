//! What a URL says: where to go, and as whom. The only file that names the url crate.
//!
//! The user and the password of a URL are taken out of it and decoded when it is read. What is left can be shown to anyone.

use super::decoded;
use crate::error::{Error, HIDDEN, Result, without_passwords};
use url::{ParseError, Url};

/// A URL that can be fetched by http or https.
#[derive(Clone, Debug)]
pub struct Address {
    /// Without user and password.
    url: Url,
    login: Option<Login>,
}

/// Who asks. A run file keeps no password, so one that was read from it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// The user, decoded.
    pub user: String,
    /// The password, if there is one.
    pub password: Option<String>,
}

impl Address {
    /// What somebody typed.
    ///
    /// # Errors
    /// If it cannot be fetched; the message quotes it without its password and says what would work.
    pub fn typed(text: &str) -> Result<Address> {
        let fault = |why: &str| Error::usage(format!("'{}' {why}", cautiously(text)));
        let not_whole = || fault("is not a whole URL: write http://host/path or https://host/path");
        if text.contains(char::is_whitespace) {
            let whole = text.split_whitespace().collect::<Vec<_>>().join("%20");
            return Err(fault(&format!("has a blank in it: write %20 for it, as in '{}'", cautiously(&whole))));
        }
        let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return Err(not_whole());
        };
        if !["http", "https"].contains(&&*scheme.to_ascii_lowercase()) {
            return Err(fault(&format!("cannot be fetched by {scheme}: only by http and https")));
        }
        if rest.starts_with(['/', '\\', '?', '#']) || rest.is_empty() {
            return Err(not_whole());
        }
        match Url::parse(text) {
            Ok(url) => Ok(Address::of(url)),
            Err(ParseError::InvalidPort) => {
                Err(fault("has no port behind the colon: write one up to 65535, or no colon"))
            }
            Err(ParseError::EmptyHost) => Err(not_whole()),
            Err(why) => Err(fault(&format!("has no valid host: {why}"))),
        }
    }

    /// Where a redirect leads that was found there.
    ///
    /// # Errors
    /// If that cannot be fetched, with the reason.
    pub fn redirected(&self, location: &[u8]) -> std::result::Result<Address, String> {
        // What is not UTF-8 is sent back byte for byte.
        let escaped = || {
            location.iter().map(|&byte| match byte {
                0x80.. => format!("%{byte:02X}"),
                byte => char::from(byte).to_string(),
            })
        };
        let location = std::str::from_utf8(location).map_or_else(|_| escaped().collect(), str::to_string);
        let to = |why: String| format!("redirected to '{}', {why}", without_passwords(&location));
        let url = self.url.join(&location).map_err(|why| to(format!("which is not a URL: {why}")))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(to(format!("which cannot be fetched by {}: only by http and https", url.scheme())));
        }
        let mut there = Address::of(url);
        if there.login.is_none() && there.url.origin() == self.url.origin() {
            there.login = self.login.clone();
        }
        Ok(there)
    }

    fn of(mut url: Url) -> Address {
        let user = decoded(url.username());
        let password = url.password().map(decoded).filter(|password| password != HIDDEN);
        let login = (!user.is_empty() || password.is_some()).then_some(Login { user, password });
        // A URL with a host can have a user.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        Address { url, login }
    }

    /// The same with the user, for whom ~/.netrc may have a password.
    pub fn with_user(&self) -> String {
        let mut url = self.url.clone();
        let user = self.login.as_ref().map_or("", |login| &login.user);
        // A URL with a host can have a user.
        let _ = url.set_username(user);
        url.into()
    }

    /// The whole of it but the login.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The user and the password, if it has them.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// The path, with its %-escapes.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Whether what is sent and received can be read on the way.
    pub fn is_open(&self) -> bool {
        self.url.scheme() == "http"
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The text without what may be meant as a password, though it is no URL.
fn cautiously(text: &str) -> String {
    let (head, rest) = text.split_once("//").map_or(("", text), |(head, rest)| (head, rest));
    match rest.rsplit_once('@') {
        Some((login, host)) if !head.is_empty() && login.contains(':') => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{head}//{user}:{HIDDEN}@{host}")
        }
        _ => without_passwords(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_urls_of_the_web() {
        for url in
            ["https://example.org/a?b=c", "http://[::1]/", "http://[::1]:80/", "http://me:secret@host/", "HTTP://h"]
        {
            assert!(Address::typed(url).is_ok(), "{url}");
        }
        for (url, why) in [
            ("example.org/a", "is not a whole URL"),
            ("localhost:80/a", "is not a whole URL"),
            ("http:/host/a", "is not a whole URL"),
            ("/etc/passwd", "is not a whole URL"),
            ("ftp://host/a", "cannot be fetched by ftp"),
            ("file:///etc/passwd", "cannot be fetched by file"),
            ("http://", "is not a whole URL"),
            ("http:///path", "is not a whole URL"),
            ("http://host:99999/x", "has no port"),
            ("http://host:8765x/", "has no port"),
            ("http://[::1]:x/", "has no port"),
            ("http://a<b/", "has no valid host"),
            ("", "is not a whole URL"),
        ] {
            let error = Address::typed(url).unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{url}' {why}")), "{error}");
        }
    }

    #[test]
    fn a_blank_is_named_and_a_host_of_any_script_is_found() {
        let error = Address::typed("http://host/a b").unwrap_err().to_string();
        assert_eq!(error, "'http://host/a b' has a blank in it: write %20 for it, as in 'http://host/a%20b'");
        assert_eq!(
            Address::typed("http://bücher.example/ä?ö").unwrap().url(),
            "http://xn--bcher-kva.example/%C3%A4?%C3%B6"
        );
    }

    #[test]
    fn logins_are_decoded_and_told_to_nobody() {
        let address = Address::typed("http://u%40d:1%3d2%3f@host/x").unwrap();
        let login = Login { user: "u@d".into(), password: Some("1=2?".into()) };
        assert_eq!((address.url(), address.login()), ("http://host/x", Some(&login)));
        assert_eq!(Address::typed("http://u:***@host/x").unwrap().login().unwrap().password, None);
        for wrong in
            ["http://u:pa/ss@ho st/", "http://u:pass@host:99999/", "ftp://u:pass@host/", "http://u:pa/ss@host/"]
        {
            let error = Address::typed(wrong).unwrap_err().to_string();
            assert!(!error.contains("pa") || error.starts_with("'http://u:***@"), "{error}");
            assert!(!error.contains("pass") && !error.contains("/ss"), "{error}");
        }
    }

    #[test]
    fn redirects_lead_on_whatever_bytes_they_have() {
        let from = Address::typed("https://me:secret@host/a/b").unwrap();
        for (location, to) in [
            (&b"c d"[..], "https://host/a/c%20d"),
            ("/größe".as_bytes(), "https://host/gr%C3%B6%C3%9Fe"),
            (b"/gr\xf6\xdfe", "https://host/gr%F6%DFe"),
            (b"//other/x", "https://other/x"),
            (b"?q", "https://host/a/b?q"),
        ] {
            assert_eq!(from.redirected(location).unwrap().url(), to);
        }
        // The password is for the host that it was typed for.
        assert!(from.redirected(b"/x").unwrap().login().is_some());
        assert!(from.redirected(b"https://host:444/x").unwrap().login().is_none());
        assert!(from.redirected(b"http://host/x").unwrap().login().is_none());
        for wrong in ["file:///etc/passwd", "data:,x", "ftp://host/", "socks5://host/"] {
            let why = from.redirected(wrong.as_bytes()).unwrap_err();
            assert!(why.starts_with(&format!("redirected to '{wrong}', which cannot be fetched by ")), "{why}");
        }
    }
}
