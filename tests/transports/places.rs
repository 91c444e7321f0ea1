//! Places among the sessions.

use bitpie::transports::Transport as _;
use bitpie::transports::{CloseReason, Limits, SessionCounts, TransportEvent};

use super::sides::{Side, wide};

#[tokio::test]
async fn there_are_no_more_calls_than_there_may_be() {
    let mut there = Side::new(2, wide());
    let address = there.listen().await;
    for limits in [Limits { outbound: 1, ..wide() }, Limits { outbound_per_address: 1, ..wide() }] {
        let mut here = Side::new(1, limits);
        here.dial(2, address, there.id()).await;
        here.authenticated().await;
        here.transport.dial(4, address, there.id());
        let (session, reason, detail) = here.closed().await;
        assert_eq!((session, reason), (4, CloseReason::Failed));
        assert!(detail.contains("no room to dial"), "{detail}");
        here.transport.close(2, CloseReason::Local, "".to_owned());
        here.closed().await;
        here.dial(6, address, there.id()).await;
        here.authenticated().await;
    }
}

/// Authenticated sessions of others make room as long as nobody has admitted them; those who were are safe.
#[tokio::test]
async fn who_is_admitted_stays_and_of_the_others_the_oldest_goes() {
    let mut there = Side::new(2, Limits { half_open: 2, ..wide() });
    let address = there.listen().await;
    let mut here = Side::new(1, wide());
    for session in [2, 4, 6] {
        here.dial(session, address, there.id()).await;
        here.authenticated().await;
        let (accepted, ..) = there.authenticated().await;
        there.transport.open_stream(accepted);
        there.transport.admit(accepted);
    }
    assert_eq!(there.transport.session_counts(), SessionCounts { inbound: 3, ..Default::default() });
    let mut strangers = Vec::new();
    for session in [8, 10] {
        here.dial(session, address, there.id()).await;
        here.authenticated().await;
        strangers.push(there.authenticated().await.0);
    }
    here.transport.dial(12, address, there.id());
    let transport = here.transport.clone();
    let opened = async {
        here.until(|event| match event {
            TransportEvent::Connected { session, .. } => {
                transport.begin_handshake(session);
                None
            }
            TransportEvent::Authenticated { session, .. } => Some(session),
            _ => None,
        })
        .await
    };
    let (opened, (closed, reason, detail)) = tokio::join!(opened, there.closed());
    assert_eq!(opened, 12);
    assert_eq!((closed, reason), (strangers[0], CloseReason::Failed), "{detail}");
    assert_eq!(there.transport.session_counts().inbound, 3);
}
