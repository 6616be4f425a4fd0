//! Certificates as servers have them, good and bad, made afresh for each test.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// What a server's certificate is like.
#[derive(Clone, Copy)]
pub(crate) enum Certificate {
    Good,
    /// Its time is over.
    Expired,
    /// It bears another host's name.
    WrongHost,
}

/// Writes `ca.pem`, `server.pem`, `server.key`, and an authority that has nothing to do with them, `other-ca.pem`.
pub(crate) fn write(directory: &Path, certificate: Certificate) {
    let host = match certificate {
        Certificate::WrongHost => "dc9.elsewhere.example",
        Certificate::Good | Certificate::Expired => "localhost",
    };
    let mut server = CertificateParams::new([host.to_owned()]).unwrap();
    server.distinguished_name.push(DnType::CommonName, host);
    if matches!(certificate, Certificate::Expired) {
        server.not_before = date_time_ymd(2020, 1, 1);
        server.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let (ca_pem, ca) = authority("recert test authority");
    let signed = server.signed_by(&key, &ca).unwrap();
    fs::write(directory.join("ca.pem"), ca_pem).unwrap();
    fs::write(directory.join("server.pem"), signed.pem()).unwrap();
    fs::write(directory.join("server.key"), key.serialize_pem()).unwrap();
    fs::write(directory.join("other-ca.pem"), authority("another authority").0).unwrap();
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (pem, Issuer::new(params, key))
}
