//! Asks a node over WebTransport. Its certificate is signed by itself, so it is recognised by its hash, and by nothing else.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use serde_json::{Value, json};
use tokio::net::lookup_host;
use wtransport::tls::Sha256Digest;
use wtransport::{ClientConfig, Endpoint};

use super::ways::{ANSWER_BYTES, over_http};
use crate::world::CertificateHash;

/// The port at which a node is asked over HTTP for the hashes of its certificates, if none is named.
const HTTP_PORT: u16 = 38081;

/// One request, one answer.
pub(super) async fn over_webtransport(
    place: &str,
    hash: Option<CertificateHash>,
    mut line: String,
) -> Result<String, String> {
    let hashes = match hash {
        Some(hash) => vec![hash],
        None => asked_hashes(place).await?,
    };
    let address = lookup_host(place).await.map_err(|error| error.to_string())?.next();
    let address = address.ok_or_else(|| "the name has no address".to_owned())?;
    let own: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let hashes = hashes.into_iter().map(|hash| Sha256Digest::new(hash.0));
    let config = ClientConfig::builder().with_bind_address(own).with_server_certificate_hashes(hashes).build();
    let endpoint = Endpoint::client(config).map_err(|error| error.to_string())?;
    let session = endpoint.connect(format!("https://{address}/")).await.map_err(|error| error.to_string())?;
    let opening = session.open_bi().await.map_err(|error| error.to_string())?;
    let (mut to, mut from) = opening.await.map_err(|error| error.to_string())?;
    line.push('\n');
    to.write_all(line.as_bytes()).await.map_err(|error| error.to_string())?;
    let (mut answer, mut piece) = (Vec::new(), vec![0; 1 << 14]);
    loop {
        let length = from.read(&mut piece).await.map_err(|error| error.to_string())?;
        let piece = &piece[..length.ok_or("it has closed the connection")?];
        // Only what is new is looked through: an answer without an end costs no more than its bytes.
        if let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            answer.extend_from_slice(&piece[..end]);
            break;
        }
        answer.extend_from_slice(piece);
        if answer.len() > ANSWER_BYTES {
            return Err("its answer is too long".to_owned());
        }
    }
    String::from_utf8(answer).map_err(|_| "its answer is not UTF-8".to_owned())
}

/// What the node itself says over HTTP, which proves as much as asking over HTTP does.
async fn asked_hashes(place: &str) -> Result<Vec<CertificateHash>, String> {
    let (host, _) = place.rsplit_once(':').ok_or_else(|| "there is no port".to_owned())?;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "getnodeinfo" }).to_string();
    let asked = format!("{host}:{HTTP_PORT}");
    let told = |why: String| {
        format!(
            "its certificate cannot be verified, since {asked} does not say its hash ({why}): name it as https://{place}#HASH"
        )
    };
    let answer = over_http(&asked, request).await.map_err(told)?;
    let hashes = hashes_in(&serde_json::from_str(&answer).unwrap_or_default());
    if hashes.is_empty() { Err(told("there is none in its answer to getnodeinfo".to_owned())) } else { Ok(hashes) }
}

fn hashes_in(answer: &Value) -> Vec<CertificateHash> {
    let ports = answer["result"]["api"].as_array().into_iter().flatten();
    let certificates = ports.filter_map(|port| port["certificates"].as_array()).flatten();
    certificates.filter_map(|certificate| certificate["sha256"].as_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_hashes_of_an_answer_are_found_and_nothing_else() {
        let hash = CertificateHash([0xab; 32]);
        let certificates = json!([{ "sha256": hash.to_string() }, { "sha256": "ab" }, {}]);
        let answer = json!({ "result": { "api": [{ "service": "http-api" }, { "certificates": certificates }] } });
        assert_eq!(hashes_in(&answer), [hash]);
        for none in [json!(null), json!({ "error": {} }), json!({ "result": { "api": 7 } })] {
            assert_eq!(hashes_in(&none), [], "{none}");
        }
    }
}
