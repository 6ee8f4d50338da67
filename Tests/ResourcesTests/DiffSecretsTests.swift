import Testing

@testable import Resources

struct DiffSecretsTests {
    @Test(arguments: [
        (" smtp_sasl_password_maps = static:user:hunter2", " smtp_sasl_password_maps = static:***"),
        ("-smtp_sasl_password_maps=static:user:hunter2", "-smtp_sasl_password_maps=static:***"),
        ("     static:{user:hunter2}", "     static:***"),
        (" x = inline:{ {a = user:hunter2} }, hash:/etc/x", " x = inline:***"),
        ("   -o smtp_sasl_password_maps=static:u:hunter2 -o x=y", "   -o smtp_sasl_password_maps=static:*** -o x=y"),
        (" smtp_sasl_password_maps = proxy:static:u:hunter2", " smtp_sasl_password_maps = ***"),
        (" ldap_bind_pw = hunter2", " ldap_bind_pw = ***"),
        (" my_Password=hunter2 hunter2", " my_Password=***"),
        (" proxy_set_header Authorization \"Basic aHVudGVyMg==\";", " proxy_set_header Authorization ***"),
        (" virtual_alias_maps = pgsql://u:hunter2@db/mail", " virtual_alias_maps = pgsql://***@db/mail"),
    ])
    func aSecretIsMasked(line: String, shown: String) {
        #expect(DiffSecrets.masked("@@ -1,2 +1,2 @@\n\(line)\n+x = y\n") == "@@ -1,2 +1,2 @@\n\(shown)\n+x = y\n")
    }

    @Test(arguments: [
        " smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd", " smtp_tls_policy_maps = static:encrypt",
        " smtpd_tls_key_file = /etc/pki/key.pem", " alias_maps = proxy:unix:passwd.byname",
        " local_recipient_maps = proxy:unix:passwd.byname $alias_maps", " smtp_sasl_password_maps = $my_maps",
        "-mynetworks = 0.0.0.0/0", "+++ /etc/postfix/main.cf", " # password", " smtp_sasl_password_maps =",
        " smtp_sasl_password_maps = proxy:hash:/etc/x",
    ])
    func allElseIsShownAsItIs(line: String) {
        #expect(DiffSecrets.masked(line) == line)
    }
}
