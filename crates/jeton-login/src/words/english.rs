//! English.

use jeton::page::Gap;

use super::{
    Account, Chooser, Common, Consent, Finished, Logout, OtherPerson, ProblemWords,
    Title::{Plain, Upstream},
    Words,
};
use crate::pages::Problem;

pub(super) const WORDS: Words = Words {
    common: Common {
        a_device: "a device",
        device_acts: Gap(
            "You are about to connect ",
            ": it acts for whoever you log in as.",
        ),
        goes_to: Gap("You will be sent to ", "."),
        program_here: Gap("a program on this machine, ", ""),
        app_that_opens: Gap("the app that opens ", ": addresses"),
        unchecked: "This application registered itself. Nobody has checked who made it.",
        you_are: Gap("You are logged in as ", "."),
        you_came_as: Gap("You came as ", "."),
        by_account_at: Gap("by your account at ", ""),
        other_account: "Use another account",
        back: "Back to the application",
        cancel: "Cancel",
        again: "Try again",
        other_way: "Log in another way",
        error: Gap("Error ", ""),
        reference: Gap("Reference: ", ""),
        the_upstream: "The service that you log in with",
    },
    chooser: Chooser {
        title: "Log in",
        asks: Gap("", " asks who you are"),
        ways: "Ways to log in",
        continue_with: Gap("Continue with ", ""),
    },
    consent: Consent {
        title: "Allow access",
        asks: Gap("", " asks for your consent."),
        not_you: "Not you?",
        about_you: "About you",
        besides: "And besides",
        nothing_chosen: "Leave one on, or deny.",
        allowed: "already allowed",
        also_at: Gap("Also at ", ""),
        by_name: "It asks for these details by name:",
        home: "About the application",
        policy: "Privacy policy",
        terms: "Terms",
        allow: "Allow",
        deny: "Deny",
        taken_back: Gap("You can take this back at any time: ", "."),
        acts_at: "It can use this access at:",
    },
    account: Account {
        title: "Your applications and devices",
        none: "No application or device acts for you.",
        device: "Device",
        since: Gap("Since ", ""),
        last_used: Gap("last used ", ""),
        may: "It may:",
        and_more: Gap("and ", " more"),
        end: "End access",
        ended: "Access has ended.",
        older: "Show older ones",
        not_all: "You have logged in more often than fits here, so something may be missing.",
        further: "Look further",
        log_out: "Log out",
        everywhere: "Log out everywhere",
        everywhere_means: "Logging out everywhere ends your sessions in all browsers, and the access of all applications and devices.",
        sessions: "Your sessions",
        consent: "Consent remembered",
        devices: Gap("", " devices"),
    },
    logout: Logout {
        title: "Log out",
        sent_by: Gap("", " sent you here."),
        question: "Do you want to log out?",
        upstream_too: Gap("Log out at ", " as well"),
        stay: "If not, just close this page.",
        button: "Log out",
        done_title: "Logged out",
        done: "You are logged out. You can close this page.",
        still_upstream: Gap("You may still be logged in at ", "."),
    },
    other_person: OtherPerson {
        title: "Somebody else is asked for",
        asked: Gap(
            "",
            " asks for another person than the one who is logged in.",
        ),
        advice: "Log in with the account that you use there, or go back.",
    },
    finished: Finished {
        title: "You are logged in already",
        text: "This login is finished, and cannot be used again. That happens after going back or loading a page again.",
        go_to: Gap("Go to ", ""),
    },
    problem,
    date,
};

fn problem(problem: Problem) -> ProblemWords {
    let (title, text) = match problem {
        Problem::Unreachable => (
            Upstream(Gap("", " does not answer")),
            "It could not be reached, or took too long to answer. Wait a moment, then try again.",
        ),
        Problem::UpstreamError => (
            Upstream(Gap("", " answered with an error")),
            "It did not say who you are. Try again. If it happens again, give the reference below to whoever runs this service.",
        ),
        Problem::Misconfigured => (
            Plain("This way to log in is not set up correctly"),
            "It will not work until that is put right. Give the reference below to whoever runs this service.",
        ),
        Problem::SaidNo => (
            Upstream(Gap("", " did not say who you are")),
            "You declined there, or closed its page. Try again if you want to log in after all, or go back.",
        ),
        Problem::Foreign => (
            Plain("The answer does not belong to this login"),
            "It was not made for this login, or not by whom you were sent to, so it was not used. Try again. If it happens again, give the reference below to whoever runs this service.",
        ),
        Problem::KeyUnknown => (
            Plain("This login could not be checked yet"),
            "It is signed by a key that is not known here yet: the service that you log in with may have changed its keys. Wait a minute, then try again. If it happens again, give the reference below to whoever runs this service.",
        ),
        Problem::StateUnknown => (
            Plain("This login is not under way"),
            "It has been finished already, or this address is not complete. That happens after going back or loading a page again. Begin anew.",
        ),
        Problem::OtherBrowser => (
            Plain("This login did not begin in this browser"),
            "A login ends in the browser in which it began, and needs cookies. Allow cookies for this site if they are off, then go back to the application and log in from there.",
        ),
        Problem::Expired => (
            Plain("This page has expired"),
            "A login has to be finished within 30 minutes. Go back to the application, and log in from there.",
        ),
        Problem::NotAllowed => (
            Plain("This account may not log in here"),
            "Use another account, or ask whoever runs the application to let this one in.",
        ),
        Problem::SessionEnded => (
            Plain("Your session has ended"),
            "It was ended from somewhere else. Log in again.",
        ),
        Problem::Unavailable => (
            Plain("This does not work right now"),
            "Something behind this page does not answer. Wait a moment, then try again. Nothing you did is wrong.",
        ),
        Problem::Damaged => (
            Plain("This address is not complete"),
            "The link that brought you here is damaged or was cut off. Go back to the application that you want to use, and begin there.",
        ),
        Problem::Undated => (
            Upstream(Gap("", " does not say when you logged in")),
            "The application asks for a login that is recent, so it cannot be told that yours is. Log in another way if there is one, or go back.",
        ),
        Problem::Stale => (
            Upstream(Gap("", " did not ask you to log in again")),
            "The application asks for a login that is more recent than yours there. Log out there, then try again, or go back.",
        ),
    };
    ProblemWords { title, text }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn date(year: u64, month: u64, day: u64) -> String {
    let month = usize::try_from(month).unwrap_or_default().wrapping_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!("{day} {month} {year}")
}
