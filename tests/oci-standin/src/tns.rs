//! Connect identifiers: EZConnect, full descriptors, aliases of tnsnames.ora.

use crate::error::OraError;
use std::path::PathBuf;
use std::time::Duration;

/// Where to connect to. The service name is the database.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    pub addresses: Vec<(String, u16)>,
    pub service: String,
    pub connect_timeout: Duration,
}

const PORT: u16 = 1521;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

pub fn resolve(identifier: &str) -> Result<Target, OraError> {
    let identifier = identifier.trim();
    if identifier.starts_with('(') {
        return descriptor(identifier);
    }
    if let Some(entry) = alias(identifier) {
        return descriptor(&entry);
    }
    easy(identifier).ok_or_else(|| OraError::of(12154))
}

/// `[tcp://][//]host[,host…][:port]/service[:server][/instance][?parameters]`
fn easy(identifier: &str) -> Option<Target> {
    let rest = identifier.strip_prefix("tcp:").unwrap_or(identifier);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, service) = rest.split_once('/')?;
    let service = service.split([':', '/']).next().filter(|s| !s.is_empty())?;
    let timeout = parameters.split('&').find_map(|p| {
        let (name, value) = p.split_once('=')?;
        let known = ["connect_timeout", "transport_connect_timeout"].contains(&name.to_lowercase().as_str());
        known.then(|| value.parse().ok()).flatten()
    });
    let mut addresses = Vec::new();
    for host in hosts.split(',') {
        let (host, port) = match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(PORT), |port| port.parse().ok())?;
        addresses.push((host.to_owned(), port));
    }
    let connect_timeout = timeout.map_or(CONNECT_TIMEOUT, Duration::from_secs);
    Some(Target { addresses, service: service.to_owned(), connect_timeout })
}

/// `(DESCRIPTION = … (ADDRESS = (HOST = …)(PORT = …)) … (CONNECT_DATA = (SERVICE_NAME = …)))`
fn descriptor(text: &str) -> Result<Target, OraError> {
    let pairs = pairs(text);
    let value = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let mut addresses: Vec<(String, u16)> = Vec::new();
    for (name, value) in &pairs {
        match (name.as_str(), addresses.last_mut()) {
            ("HOST", _) => addresses.push((value.clone(), PORT)),
            ("PORT", Some(address)) => address.1 = value.parse().map_err(|_| OraError::of(12154))?,
            _ => {}
        }
    }
    let service = value("SERVICE_NAME").or_else(|| value("SID")).ok_or_else(|| OraError::of(12514))?;
    let timeout = value("CONNECT_TIMEOUT").or_else(|| value("TRANSPORT_CONNECT_TIMEOUT")).and_then(|t| t.parse().ok());
    let connect_timeout = timeout.map_or(CONNECT_TIMEOUT, Duration::from_secs);
    if addresses.is_empty() {
        return Err(OraError::of(12154));
    }
    Ok(Target { addresses, service, connect_timeout })
}

/// The `(NAME = value)` leaves of a descriptor, in order.
fn pairs(text: &str) -> Vec<(String, String)> {
    let leaves = text.split(['(', ')']).filter_map(|part| part.split_once('='));
    leaves
        .map(|(name, value)| (name.trim().to_uppercase(), value.trim().trim_matches('"').to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// Looks a name up in `$TNS_ADMIN/tnsnames.ora`.
fn alias(name: &str) -> Option<String> {
    let path = PathBuf::from(std::env::var_os("TNS_ADMIN")?).join("tnsnames.ora");
    find_alias(&std::fs::read_to_string(path).ok()?, name)
}

fn find_alias(file: &str, name: &str) -> Option<String> {
    let text: String = file.lines().map(|line| line.split('#').next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let mut rest = text.as_str();
    while let Some((names, body)) = rest.split_once('=') {
        let mut depth = 0;
        let end = body.char_indices().find_map(|(i, c)| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            (c == ')' && depth == 0).then_some(i + 1)
        })?;
        if names.split(',').any(|n| n.trim().eq_ignore_ascii_case(name)) {
            return Some(body[..end].trim().to_owned());
        }
        rest = &body[end..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(addresses: &[(&str, u16)], service: &str) -> Target {
        let addresses = addresses.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect();
        Target { addresses, service: service.into(), connect_timeout: CONNECT_TIMEOUT }
    }

    #[test]
    fn easy_connect_has_many_forms() {
        let expected = target(&[("db", 1522)], "orcl");
        for text in ["//db:1522/orcl", "db:1522/orcl", "tcp://db:1522/orcl", "db:1522/orcl:dedicated/inst"] {
            assert_eq!(easy(text).as_ref(), Some(&expected), "{text}");
        }
        assert_eq!(easy("db/orcl"), Some(target(&[("db", 1521)], "orcl")));
        assert_eq!(easy("a,b:7/orcl"), Some(target(&[("a", 1521), ("b", 7)], "orcl")));
        assert_eq!(easy("[::1]:7/orcl"), Some(target(&[("::1", 7)], "orcl")));
        assert_eq!(easy("db/orcl?connect_timeout=3").map(|t| t.connect_timeout), Some(Duration::from_secs(3)));
        assert_eq!(easy("orcl"), None);
    }

    #[test]
    fn descriptors_name_addresses_and_service() {
        let text = "(DESCRIPTION=(CONNECT_TIMEOUT=60)(ADDRESS_LIST=(ADDRESS=(PROTOCOL=TCP)(HOST=a)(PORT=1))\
                    (ADDRESS=(PROTOCOL=TCP)(HOST=b)(PORT=2)))(CONNECT_DATA=(SERVER=DEDICATED)(SERVICE_NAME=orcl)))";
        assert_eq!(descriptor(text).unwrap(), target(&[("a", 1), ("b", 2)], "orcl"));
        assert_eq!(descriptor("(DESCRIPTION=(ADDRESS=(HOST=a)(PORT=1)))").unwrap_err().code, 12514);
    }

    #[test]
    fn aliases_are_found_without_regard_to_case() {
        let file = "# comment\nONE, two = (DESCRIPTION = (ADDRESS = (HOST = h)(PORT = 9))\n \
                    (CONNECT_DATA = (SERVICE_NAME = s)))\nTHREE=(DESCRIPTION=(ADDRESS=(HOST=i)))\n";
        let entry = find_alias(file, "Two").unwrap();
        assert_eq!(descriptor(&entry).unwrap(), target(&[("h", 9)], "s"));
        assert!(find_alias(file, "three").is_some());
        assert_eq!(find_alias(file, "four"), None);
    }
}
