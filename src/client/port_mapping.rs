//! What the status of a node says of the router in front of it.

use super::check::Finding;
use super::duration::when;
use crate::api::answers::{MappingStatus, Status, TransportStatus};
use crate::identity::Entrypoint;

/// Who came in from the internet within this time came through whatever stands in front of the node: a day.
const LATELY_MS: u64 = 24 * 60 * 60 * 1000;

const ADVICE: &str = "turn on UPnP, NAT-PMP or PCP in the router, or forward the port by hand; until then, others who \
                      are behind routers of their own cannot connect to this node. It asks again by itself";

const BEHIND_ANOTHER: &str = "the router is behind another one, perhaps your provider's: ask the provider for a public \
                              IPv4 address, or use IPv6, which needs no mapping";

/// Whether the router lets others through.
pub fn judge(status: &Status, now_unix_ms: u64) -> Finding {
    let all: Vec<&TransportStatus> =
        status.transports.iter().filter(|transport| transport.mapping.state.is_some()).collect();
    if all.is_empty() || all.iter().all(|transport| transport.mapping.state.as_deref() == Some("OFF")) {
        return Finding::skipped("no router is asked: the service port-mapping is not on");
    }
    let said: Vec<String> = all.iter().filter_map(|transport| in_words(transport, now_unix_ms)).collect();
    let said = said.join("; ");
    let is_hidden = |mapping: &MappingStatus| mapping.external.is_some() && !mapping.published;
    let is_closed = |mapping: &MappingStatus| mapping.external.is_none() && mapping.pinholes.is_empty();
    let is_missing = |mapping: &MappingStatus| is_closed(mapping) && mapping.problem.is_some();
    let any = |holds: &dyn Fn(&MappingStatus) -> bool| all.iter().any(|transport| holds(&transport.mapping));
    let from_internet = status.came_in.from_internet_unix_ms;
    let is_reached = from_internet.is_some_and(|then| now_unix_ms.saturating_sub(then) < LATELY_MS);
    if any(&is_hidden) {
        Finding::notable(said, BEHIND_ANOTHER)
    } else if any(&is_missing) && !is_reached {
        Finding::notable(said, ADVICE)
    } else if any(&|mapping| mapping.published || !mapping.pinholes.is_empty()) {
        Finding::good(said)
    } else {
        Finding::skipped(said)
    }
}

/// How it stands with one transport.
pub fn in_words(transport: &TransportStatus, now_unix_ms: u64) -> Option<String> {
    let (name, mapping) = (&transport.name, &transport.mapping);
    let pinholes: Vec<String> = mapping.pinholes.iter().map(ToString::to_string).collect();
    let open = (!pinholes.is_empty()).then(|| format!("others are let in to {}", pinholes.join(" ")));
    let missing = mapping.missing.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
    if let Some(external) = &mapping.external {
        let protocol = mapping.protocol.map(|protocol| format!(" by {protocol}")).unwrap_or_default();
        let until = mapping.until_unix_ms.map(|until| format!(", ends {} unless renewed", when(now_unix_ms, until)));
        let hidden = if mapping.published { "" } else { "; others cannot reach that address, so it is not published" };
        let problem = mapping.problem.as_ref().map(|problem| format!("; {problem}")).unwrap_or_default();
        let open = open.map(|open| format!("; {open}")).unwrap_or_default();
        return Some(format!("{external}{protocol}{}{hidden}{open}{missing}{problem}", until.unwrap_or_default()));
    }
    if let Some(open) = open {
        let problem = mapping.problem.as_ref().map(|problem| format!("; {problem}")).unwrap_or_default();
        return Some(format!("{open}{missing}{problem}"));
    }
    if let Some(why) = mapping.not_needed.as_ref().or(mapping.problem.as_ref()) {
        return Some(format!("{name}: {why}"));
    }
    match mapping.state.as_deref()? {
        "ASKING" => Some(format!("{name}: the router is being asked")),
        "RELEASING" => Some(format!("{name}: the router is removing its mapping")),
        "OFF" => Some(format!("{name}: the service port-mapping is not on")),
        _ => Some(format!("{name}: nothing is mapped")),
    }
}

/// Where routers let others through, as far as that is published.
pub fn published(status: &Status) -> impl Iterator<Item = &Entrypoint> {
    let mappings = status.transports.iter().map(|transport| &transport.mapping);
    mappings.filter(|mapping| mapping.published).filter_map(|mapping| mapping.external.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::check::Verdict;
    use crate::client::health::tests::{NOW, well};
    use crate::transports::MappingProtocol;

    fn with(mapping: MappingStatus) -> Status {
        let mut status = well();
        status.transports[0].mapping = mapping;
        status.came_in.from_internet_unix_ms = None;
        status
    }

    fn mapped() -> MappingStatus {
        MappingStatus {
            state: Some("MAPPED".to_owned()),
            external: Some("tcp://8.8.4.4:7771".parse().expect("an entrypoint")),
            protocol: Some(MappingProtocol::NatPmp),
            until_unix_ms: Some(NOW + 3_600_000),
            published: true,
            ..MappingStatus::default()
        }
    }

    fn failed() -> MappingStatus {
        let problem = Some("the router 10.0.0.1 does not map ports".to_owned());
        MappingStatus { state: Some("RESTING".to_owned()), problem, ..MappingStatus::default() }
    }

    #[test]
    fn a_mapping_is_told_with_its_address_its_protocol_and_its_end() {
        let finding = judge(&with(mapped()), NOW);
        assert_eq!(finding.verdict, Verdict::Good);
        assert!(finding.said.starts_with("tcp://8.8.4.4:7771 by NAT-PMP, ends in "), "{}", finding.said);
    }

    #[test]
    fn pinholes_are_told_with_what_is_missing() {
        let pinholes = vec!["tcp://[2600::5]:7771".parse().expect("an entrypoint")];
        let finding = judge(&with(MappingStatus { pinholes: pinholes.clone(), ..mapped() }), NOW);
        assert_eq!(finding.verdict, Verdict::Good);
        assert!(finding.said.ends_with("; others are let in to tcp://[2600::5]:7771"), "{}", finding.said);
        let missing = Some("the router 10.0.0.1 does not map ports".to_owned());
        let alone = MappingStatus { external: None, published: false, pinholes, missing, ..mapped() };
        let finding = judge(&with(alone), NOW);
        assert_eq!(finding.verdict, Verdict::Good);
        let said = "others are let in to tcp://[2600::5]:7771; the router 10.0.0.1 does not map ports";
        assert_eq!(finding.said, said);
    }

    #[test]
    fn an_address_that_is_not_published_says_so() {
        let finding = judge(&with(MappingStatus { published: false, ..mapped() }), NOW);
        assert_eq!(finding.verdict, Verdict::Notable);
        assert!(finding.said.contains("not published"), "{}", finding.said);
        assert!(finding.help.is_some_and(|help| help.contains("another")));
    }

    #[test]
    fn a_router_that_maps_nothing_is_worth_knowing_unless_others_come_in_anyway() {
        let mut status = with(failed());
        let finding = judge(&status, NOW);
        assert_eq!(
            (finding.verdict, finding.said.as_str()),
            (Verdict::Notable, "tcp: the router 10.0.0.1 does not map ports")
        );
        assert!(finding.help.is_some_and(|help| help.contains("UPnP")));
        status.came_in.from_internet_unix_ms = Some(NOW);
        assert_eq!(judge(&status, NOW).verdict, Verdict::Skipped);
    }

    #[test]
    fn where_none_is_needed_nothing_is_wrong() {
        assert_eq!(judge(&with(MappingStatus::default()), NOW).verdict, Verdict::Skipped);
        let why = Some("it listens on this machine only".to_owned());
        let state = Some("WAITING".to_owned());
        let finding = judge(&with(MappingStatus { state, not_needed: why, ..MappingStatus::default() }), NOW);
        assert_eq!(
            (finding.verdict, finding.said.as_str()),
            (Verdict::Skipped, "tcp: it listens on this machine only")
        );
    }
}
