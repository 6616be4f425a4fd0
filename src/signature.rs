//! Signatures that people make with their SSH keys: `ssh-keygen -Y sign -n NAMESPACE -f KEY FILE`.
//!
//! Who may sign stands in a file in OpenSSH's `allowed_signers` format ([`signers`]). Verified are Ed25519, ECDSA and
//! RSA with SHA-2, as OpenSSH's PROTOCOL.sshsig describes them; hardware keys (`sk-…`) and certificates are not.

mod signers;

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use ring::signature::{
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use ssh_key::public::{Ed25519PublicKey, KeyData, RsaPublicKey};
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

pub(crate) use signers::Signers;

use crate::files::open_regular;

/// A plan is signed under this name, so that no signature for anything else is one for a plan.
pub(crate) const PLAN: &str = "recert-plan";

/// A signature takes a few hundred bytes, one with a large RSA key a few thousand.
const BYTES_MAX: u64 = 64 * 1024;

/// Whose signature a file holds: the principals of the listed key that made it.
///
/// # Errors
/// It can't be read or isn't right, or its key is not listed for this name and moment. Not classed.
pub(crate) fn signer(
    signed: &[u8],
    signature: &Path,
    namespace: &str,
    signers: &Signers,
    at: DateTime<Utc>,
) -> anyhow::Result<Vec<String>> {
    let told = || format!("the signature `{}`", signature.display());
    let signature = read(signature).with_context(told)?;
    verify(signed, &signature, namespace).with_context(told)?;
    signers.principals(signature.public_key(), namespace, at).with_context(told)
}

fn read(path: &Path) -> anyhow::Result<SshSig> {
    let mut text = String::new();
    open_regular(path)?.take(BYTES_MAX).read_to_string(&mut text)?;
    SshSig::from_pem(text.trim_start())
        .map_err(|error| anyhow!("it is none that `ssh-keygen -Y sign` has made: {error}"))
}

fn verify(signed: &[u8], signature: &SshSig, namespace: &str) -> anyhow::Result<()> {
    if signature.namespace() != namespace {
        return Err(anyhow!(
            "it was made for `{}`; `ssh-keygen -Y sign -n {namespace}` is what is asked for",
            signature.namespace().escape_default()
        ));
    }
    let key = signature.public_key();
    let fits = match key {
        KeyData::Ed25519(key) => verify_ed25519(signed, signature, key)?,
        KeyData::Rsa(key) => verify_rsa(signed, signature, key)?,
        KeyData::Ecdsa(_) => {
            PublicKey::from(key.clone()).verify(namespace, signed, signature).is_ok()
        }
        other => return Err(anyhow!("keys of the kind `{}` are not read", other.algorithm())),
    };
    if fits { Ok(()) } else { Err(anyhow!("it is not one of these bytes: the file was changed")) }
}

/// What the key has signed: the name and the digest of the file, framed.
fn framed(signed: &[u8], signature: &SshSig) -> anyhow::Result<Vec<u8>> {
    Ok(SshSig::signed_data(signature.namespace(), signature.hash_alg(), signed)?)
}

fn verify_ed25519(
    signed: &[u8],
    signature: &SshSig,
    key: &Ed25519PublicKey,
) -> anyhow::Result<bool> {
    let key = UnparsedPublicKey::new(&ED25519, key.as_ref());
    let made = signature.signature();
    let is_kind = made.algorithm() == Algorithm::Ed25519;
    Ok(is_kind && key.verify(&framed(signed, signature)?, made.as_bytes()).is_ok())
}

fn verify_rsa(signed: &[u8], signature: &SshSig, key: &RsaPublicKey) -> anyhow::Result<bool> {
    let made = signature.signature();
    let parameters = match made.algorithm() {
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) } => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) } => &RSA_PKCS1_2048_8192_SHA512,
        _ => return Ok(false),
    };
    let number = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec).unwrap_or_default();
    let key = RsaPublicKeyComponents {
        n: number(key.n.as_positive_bytes()),
        e: number(key.e.as_positive_bytes()),
    };
    Ok(key.verify(parameters, &framed(signed, signature)?, made.as_bytes()).is_ok())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    /// A key of this kind, and what it has signed; nothing where there is no ssh-keygen.
    fn sign(folder: &Path, kind: &[&str], namespace: &str) -> Option<(Signers, PathBuf)> {
        let key = folder.join(kind.concat());
        let quiet = ["-q", "-N", "", "-f"];
        Command::new("ssh-keygen").args(["-t"]).args(kind).args(quiet).arg(&key).status().ok()?;
        let file = folder.join("plan.json");
        std::fs::write(&file, "a plan").unwrap();
        let made = folder.join("plan.json.sig");
        let _ = std::fs::remove_file(&made);
        let sign = ["-q", "-Y", "sign", "-n", namespace, "-f"];
        Command::new("ssh-keygen").args(sign).arg(&key).arg(&file).status().ok()?;
        let public = std::fs::read_to_string(key.with_added_extension("pub")).unwrap();
        let listed = folder.join("signers");
        std::fs::write(&listed, format!("anna@x {public}")).unwrap();
        Some((Signers::read(&listed).unwrap(), made))
    }

    fn of(signed: &str, made: &Path, namespace: &str, signers: &Signers) -> Result<String, String> {
        signer(signed.as_bytes(), made, namespace, signers, DateTime::UNIX_EPOCH)
            .map(|principals| principals.join(","))
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_ssh_keygen_signs_is_verified_with_every_kind_of_key() {
        for kind in [
            &["ed25519"][..],
            &["ecdsa", "-b", "256"],
            &["ecdsa", "-b", "384"],
            &["ecdsa", "-b", "521"],
            &["rsa", "-b", "2048"],
        ] {
            let folder = tempfile::tempdir().unwrap();
            let Some((signers, made)) = sign(folder.path(), kind, PLAN) else { return };
            assert_eq!(of("a plan", &made, PLAN, &signers).unwrap(), "anna@x", "{kind:?}");
            assert!(of("a plaN", &made, PLAN, &signers).unwrap_err().contains("was changed"));
            assert!(of("a plan", &made, "file", &signers).unwrap_err().contains("was made for"));
        }
    }

    #[test]
    fn a_signature_with_a_byte_changed_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let Some((signers, made)) = sign(folder.path(), &["ed25519"], PLAN) else { return };
        let text = std::fs::read_to_string(&made).unwrap();
        // Its last whole line: what is before frames it, what is behind may be padding.
        let last = text.trim_end().lines().rev().nth(2).unwrap().to_owned();
        let begin = text.find(&last).unwrap();
        for (at, old) in last.char_indices().map(|(at, old)| (begin + at, old)) {
            let new = if old == 'x' { "y" } else { "x" };
            let mut text = text.clone();
            text.replace_range(at..=at, new);
            std::fs::write(&made, text).unwrap();
            assert!(of("a plan", &made, PLAN, &signers).is_err(), "byte {at} was `{old}`");
        }
    }
}
