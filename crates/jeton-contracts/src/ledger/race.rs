//! Many calls at once.

use futures_util::future::join_all;
use jeton::{Advance, Grant, GrantState, Ledger, Opened, Seconds, Step};

use super::{NOW, Run};

pub(super) async fn races(ledger: &impl Ledger, run: &Run<'_>) {
    for n in [2, 10, 50] {
        let name = format!("race {n}");
        let grant = Grant {
            generation: 1,
            ..run.grant(&name)
        };
        ledger.open(&grant, NOW).await.unwrap();
        let steps: Vec<_> = (0..n)
            .map(|index| Step {
                attempt: run.id(&format!("{name} {index}")),
                ..run.step(&name, 1, 2)
            })
            .collect();
        let outcomes = join_all(steps.iter().map(|step| ledger.advance(step))).await;
        let mut winners = 0;
        for outcome in outcomes {
            match outcome.unwrap() {
                Advance::Advanced(grant) => {
                    winners += 1;
                    assert_eq!(grant.generation, 2);
                }
                Advance::Conflict(Some(standing)) => {
                    assert_eq!(standing.generation, 2, "a loser sees what stands");
                }
                Advance::Conflict(None) => panic!("the grant vanished"),
            }
        }
        assert_eq!(winners, 1, "{n} racing steps");

        let marker = run.marker(&name);
        let claims = (0..n).map(|index| run.id(&format!("claim {name} {index}")));
        let end = NOW + Seconds(10);
        let claims: Vec<_> = claims.collect();
        let won = join_all(
            claims
                .iter()
                .map(|&value| ledger.claim(&marker, value, end, NOW)),
        )
        .await;
        assert_eq!(
            won.into_iter().filter(|won| *won.as_ref().unwrap()).count(),
            1,
            "{n} claims"
        );

        let counter = run.marker(&format!("counter {name}"));
        let mut counts: Vec<_> = join_all((0..n).map(|_| ledger.count(&counter, end, NOW)))
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=n).collect::<Vec<u32>>(), "{n} counted");

        let grants: Vec<_> = (0..n)
            .map(|index| Grant {
                subject: Some(format!("subject {index}")),
                ..run.grant(&format!("open {name}"))
            })
            .collect();
        let opened = join_all(grants.iter().map(|grant| ledger.open(grant, NOW))).await;
        assert_eq!(
            opened
                .into_iter()
                .filter(|won| *won.as_ref().unwrap() == Opened::Opened)
                .count(),
            1,
            "{n} opens"
        );
    }

    // Whatever the order, a step after the revocation was answered fails.
    let name = "race revoke";
    ledger.open(&run.grant(name), NOW).await.unwrap();
    let step = run.step(name, 0, 1);
    let id = run.id(name);
    let (advance, revoke) = futures_util::join!(ledger.advance(&step), ledger.revoke(id));
    advance.unwrap();
    revoke.unwrap();
    let standing = ledger.read(id).await.unwrap().unwrap();
    assert_eq!(standing.state, GrantState::Revoked);
    let step = run.step(name, standing.generation, standing.generation + 1);
    assert!(matches!(
        ledger.advance(&step).await.unwrap(),
        Advance::Conflict(Some(_))
    ));
}
