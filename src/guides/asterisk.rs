//! What Asterisk 21 and later are told, and FreePBX with them: PJSIP, for `chan_sip` and its `type=friend` are gone.
//!
//! Nothing of a tenant's own words stands in what is copied: numbers, domains and SIP names have no character that could
//! end a line.

use super::{Facts, Pbx, Section};

/// The name of the sections: that of no product, so that it fits any.
const NAME: &str = "ai-receptionist";

/// The steps, in short.
pub(super) fn steps() -> Vec<String> {
    vec![
        "Add the sections below to pjsip.conf (in FreePBX: pjsip_custom.conf)".to_owned(),
        "Put the password in its place".to_owned(),
        "Choose which calls to send, and add those lines to extensions.conf (in FreePBX: extensions_custom.conf)"
            .to_owned(),
        "Reload: asterisk -rx \"core reload\" (in FreePBX: fwconsole reload)".to_owned(),
        "Save and test".to_owned(),
    ]
}

/// What goes into which file.
pub(super) fn sections(facts: &Facts<'_>, pbx: Pbx) -> Vec<Section> {
    let mut trunk = Section::titled("pjsip.conf")
        .says(
            "The endpoint only calls out, so it needs no registration and no identify section. The password goes where \
             THE-PASSWORD stands.",
        )
        .copies("pjsip.conf", "ini", pjsip(facts));
    if pbx == Pbx::FreePbx {
        trunk = trunk.says(
            "FreePBX writes pjsip.conf itself and has a transport already: leave the transport out, and add the rest to \
             pjsip_custom.conf, the lines of extensions.conf to extensions_custom.conf.",
        );
    }
    trunk = trunk.says(
        "Behind a router, give the transport external_signaling_address, external_media_address and local_net as well, \
         or nobody hears anything.",
    );
    let user = facts.own_name().unwrap_or(&facts.tenant.slug);
    let calls = Section::titled("extensions.conf")
        .says(
            "${EXTEN} is the number that was called: it is sent on as it is, and says whose call it is. front-desk stands \
             for the telephone that rings at your place, 9 to 5 for your own hours.",
        )
        .says(format!(
            "If your carrier delivers the number without + and country code, write it as it arrives, and dial \
             PJSIP/{user}@{NAME} in place of PJSIP/${{EXTEN}}@{NAME}."
        ))
        .says("The lines belong to the context your incoming calls arrive in. One of the three:")
        .copies("Every call", "ini", every_call(facts))
        .copies("Overflow: staff first, the AI after 20 seconds", "ini", overflow(facts))
        .copies("After hours: staff from 9 to 5 on weekdays, the AI at other times", "ini", after_hours(facts));
    vec![trunk, calls]
}

fn pjsip(facts: &Facts<'_>) -> String {
    let domain = facts.domain().0.unwrap_or("YOUR_DOMAIN.sip.twilio.com");
    let transport =
        "; only if there is no transport yet\n[transport-udp]\ntype=transport\nprotocol=udp\nbind=0.0.0.0\n";
    let aor = format!("[{NAME}]\ntype=aor\ncontact=sip:{domain}\n");
    let endpoint = format!(
        "[{NAME}]\ntype=endpoint\naors={NAME}\ncontext=from-{NAME}\ndisallow=all\nallow=ulaw\ndtmf_mode=rfc4733\n\
         direct_media=no\n"
    );
    if !facts.networks().is_empty() {
        return format!("{transport}\n{aor}\n{endpoint}");
    }
    let username = facts.username().unwrap_or("YOUR_SIP_USER_NAME");
    let auth = format!("[{NAME}-auth]\ntype=auth\nauth_type=userpass\nusername={username}\npassword=THE-PASSWORD\n");
    format!("{transport}\n{auth}\n{aor}\n{endpoint}outbound_auth={NAME}-auth\n")
}

fn number(facts: &Facts<'_>) -> String {
    facts.clinic_number().map_or_else(|| "YOUR_NUMBER".to_owned(), |number| number.to_string())
}

fn every_call(facts: &Facts<'_>) -> String {
    let number = number(facts);
    format!("exten => {number},1,Dial(PJSIP/${{EXTEN}}@{NAME})\n same => n,Hangup()\n")
}

/// Dial goes on to the next line only if nobody answered.
fn overflow(facts: &Facts<'_>) -> String {
    let number = number(facts);
    format!(
        "exten => {number},1,Dial(PJSIP/front-desk,20)\n same => n,Dial(PJSIP/${{EXTEN}}@{NAME})\n same => n,Hangup()\n"
    )
}

fn after_hours(facts: &Facts<'_>) -> String {
    let number = number(facts);
    format!(
        "exten => {number},1,GotoIfTime(09:00-17:00,mon-fri,*,*?staff)\n same => n,Dial(PJSIP/${{EXTEN}}@{NAME})\n same \
         => n,Hangup()\n same => n(staff),Dial(PJSIP/front-desk,60)\n same => n,Hangup()\n"
    )
}
