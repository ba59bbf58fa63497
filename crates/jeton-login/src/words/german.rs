//! German.

use jeton::page::Gap;

use super::{
    Account, Chooser, Common, Consent, Finished, Logout, OtherPerson, ProblemWords,
    Title::{Plain, Upstream},
    Words,
};
use crate::pages::Problem;

pub(super) const WORDS: Words = Words {
    common: Common {
        a_device: "ein Gerät",
        device_acts: Gap(
            "Sie verbinden gleich ",
            ": Es nutzt dann das Konto, mit dem Sie sich anmelden.",
        ),
        goes_to: Gap("Danach geht es weiter zu ", "."),
        program_here: Gap("einem Programm auf diesem Rechner, ", ""),
        app_that_opens: Gap("der App, die ", ": öffnet"),
        unchecked: "Diese Anwendung hat sich selbst registriert. Niemand hat geprüft, von wem sie ist.",
        you_are: Gap("Sie sind angemeldet als ", "."),
        you_came_as: Gap("Sie kamen als ", "."),
        by_account_at: Gap("mit Ihrem Konto bei ", ""),
        other_account: "Anderes Konto verwenden",
        back: "Zurück zur Anwendung",
        cancel: "Abbrechen",
        again: "Noch einmal versuchen",
        other_way: "Anders anmelden",
        error: Gap("Fehler ", ""),
        reference: Gap("Referenz: ", ""),
        the_upstream: "Der Dienst, über den Sie sich anmelden,",
    },
    chooser: Chooser {
        title: "Anmelden",
        asks: Gap("", " möchte wissen, wer Sie sind"),
        ways: "Möglichkeiten zur Anmeldung",
        continue_with: Gap("Weiter mit ", ""),
    },
    consent: Consent {
        title: "Zugriff erlauben",
        asks: Gap("", " bittet um Ihre Zustimmung."),
        not_you: "Das sind nicht Sie?",
        about_you: "Über Sie",
        besides: "Außerdem",
        nothing_chosen: "Lassen Sie eines ausgewählt, oder lehnen Sie ab.",
        allowed: "schon erlaubt",
        also_at: Gap("Auch bei ", ""),
        by_name: "Ausdrücklich gefragt ist nach diesen Angaben:",
        home: "Über die Anwendung",
        policy: "Datenschutz",
        terms: "Bedingungen",
        allow: "Erlauben",
        deny: "Ablehnen",
        taken_back: Gap("Sie können das jederzeit zurücknehmen: ", "."),
        acts_at: "Diesen Zugriff kann sie nutzen bei:",
    },
    account: Account {
        title: "Ihre Anwendungen und Geräte",
        none: "Keine Anwendung und kein Gerät handelt in Ihrem Namen.",
        device: "Gerät",
        since: Gap("Seit ", ""),
        last_used: Gap("zuletzt benutzt am ", ""),
        may: "Erlaubt ist:",
        and_more: Gap("und ", " weitere"),
        end: "Zugriff beenden",
        ended: "Der Zugriff ist beendet.",
        older: "Ältere anzeigen",
        not_all: "Sie haben sich öfter angemeldet, als hier Platz hat; etwas kann fehlen.",
        further: "Weitersuchen",
        log_out: "Abmelden",
        everywhere: "Überall abmelden",
        everywhere_means: "Überall abmelden beendet Ihre Sitzungen in allen Browsern und den Zugriff aller Anwendungen und Geräte.",
        sessions: "Ihre Sitzungen",
        consent: "Zustimmung gemerkt",
        devices: Gap("", " Geräte"),
    },
    logout: Logout {
        title: "Abmelden",
        sent_by: Gap("", " hat Sie hierher geschickt."),
        question: "Möchten Sie sich abmelden?",
        upstream_too: Gap("Auch bei ", " abmelden"),
        stay: "Wenn nicht, schließen Sie einfach diese Seite.",
        button: "Abmelden",
        done_title: "Abgemeldet",
        done: "Sie sind abgemeldet. Sie können diese Seite schließen.",
        still_upstream: Gap("Vielleicht sind Sie noch angemeldet bei ", "."),
    },
    other_person: OtherPerson {
        title: "Jemand anderes ist gefragt",
        asked: Gap("", " fragt nach einer anderen Person als der angemeldeten."),
        advice: "Melden Sie sich mit dem Konto an, das Sie dort benutzen, oder gehen Sie zurück.",
    },
    finished: Finished {
        title: "Sie sind bereits angemeldet",
        text: "Diese Anmeldung ist abgeschlossen und gilt kein zweites Mal. Das kommt vor, wenn man zurückgeht oder eine Seite noch einmal lädt.",
        go_to: Gap("Weiter zu ", ""),
    },
    problem,
    date,
};

fn problem(problem: Problem) -> ProblemWords {
    let (title, text) = match problem {
        Problem::Unreachable => (
            Upstream(Gap("", " antwortet nicht")),
            "Die Verbindung kam nicht zustande, oder die Antwort ließ zu lange auf sich warten. Warten Sie einen Augenblick, und versuchen Sie es dann noch einmal.",
        ),
        Problem::UpstreamError => (
            Upstream(Gap("", " meldet einen Fehler")),
            "Deshalb ist nicht bekannt, wer Sie sind. Versuchen Sie es noch einmal. Wenn es wieder geschieht, wenden Sie sich mit der Referenz unten an den Betreiber dieses Dienstes.",
        ),
        Problem::Misconfigured => (
            Plain("Diese Anmeldung ist nicht richtig eingerichtet"),
            "Sie geht erst wieder, wenn das behoben ist. Wenden Sie sich mit der Referenz unten an den Betreiber dieses Dienstes.",
        ),
        Problem::SaidNo => (
            Upstream(Gap("", " hat nicht gesagt, wer Sie sind")),
            "Sie haben dort abgelehnt oder abgebrochen. Versuchen Sie es noch einmal, wenn Sie sich doch anmelden möchten, oder gehen Sie zurück.",
        ),
        Problem::Foreign => (
            Plain("Die Antwort gehört nicht zu dieser Anmeldung"),
            "Sie ist nicht für diese Anmeldung gemacht oder kommt von anderer Stelle, und wurde deshalb nicht verwendet. Versuchen Sie es noch einmal. Wenn es wieder geschieht, wenden Sie sich mit der Referenz unten an den Betreiber dieses Dienstes.",
        ),
        Problem::KeyUnknown => (
            Plain("Diese Anmeldung ließ sich noch nicht prüfen"),
            "Sie trägt die Unterschrift eines Schlüssels, der hier noch nicht bekannt ist: Der Dienst, über den Sie sich anmelden, hat seine Schlüssel vielleicht gewechselt. Warten Sie eine Minute, und versuchen Sie es dann noch einmal. Wenn es wieder geschieht, wenden Sie sich mit der Referenz unten an den Betreiber dieses Dienstes.",
        ),
        Problem::StateUnknown => (
            Plain("Diese Anmeldung läuft nicht mehr"),
            "Sie ist schon abgeschlossen, oder die Adresse ist nicht vollständig. Das kommt vor, wenn man zurückgeht oder eine Seite neu lädt. Beginnen Sie von vorn.",
        ),
        Problem::OtherBrowser => (
            Plain("Diese Anmeldung begann nicht in diesem Browser"),
            "Eine Anmeldung endet in dem Browser, in dem sie begann, und braucht Cookies. Erlauben Sie Cookies für diese Seite, falls sie ausgeschaltet sind. Gehen Sie dann zurück zur Anwendung, und melden Sie sich von dort an.",
        ),
        Problem::Expired => (
            Plain("Diese Seite ist abgelaufen"),
            "Eine Anmeldung muss innerhalb von 30 Minuten abgeschlossen sein. Gehen Sie zurück zur Anwendung, und melden Sie sich von dort aus an.",
        ),
        Problem::NotAllowed => (
            Plain("Dieses Konto darf sich hier nicht anmelden"),
            "Verwenden Sie ein anderes Konto, oder wenden Sie sich an den Betreiber der Anwendung, damit er dieses zulässt.",
        ),
        Problem::SessionEnded => (
            Plain("Ihre Sitzung ist beendet"),
            "Sie wurde von anderer Stelle aus beendet. Melden Sie sich neu an.",
        ),
        Problem::Unavailable => (
            Plain("Das geht gerade nicht"),
            "Etwas hinter dieser Seite antwortet nicht. Warten Sie einen Augenblick, und versuchen Sie es dann noch einmal. Sie haben nichts falsch gemacht.",
        ),
        Problem::Damaged => (
            Plain("Diese Adresse ist nicht vollständig"),
            "Der Link, der Sie hierher geführt hat, ist beschädigt oder abgeschnitten. Gehen Sie zu der Anwendung, die Sie benutzen möchten, und beginnen Sie dort.",
        ),
        Problem::Undated => (
            Upstream(Gap("", " sagt nicht, wann Sie sich angemeldet haben")),
            "Die Anwendung verlangt eine frische Anmeldung, und von Ihrer ist das so nicht bekannt. Melden Sie sich anders an, falls das geht, oder gehen Sie zurück.",
        ),
        Problem::Stale => (
            Upstream(Gap("", " hat Sie nicht neu angemeldet")),
            "Die Anwendung verlangt eine Anmeldung, die jünger ist als Ihre dort. Melden Sie sich dort ab und versuchen Sie es dann noch einmal, oder gehen Sie zurück.",
        ),
    };
    ProblemWords { title, text }
}

const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

fn date(year: u64, month: u64, day: u64) -> String {
    let month = usize::try_from(month).unwrap_or_default().wrapping_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!("{day}. {month} {year}")
}
