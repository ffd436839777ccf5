#include "sandbox/mail/message.h"

#include <gmock/gmock.h>

#include "sandbox/mail/mime_text.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;

TEST(MimeText, DecodesWords) {
    EXPECT_EQ(decoded_words("plain"), "plain");
    EXPECT_EQ(decoded_words("=?UTF-8?B?w5xiZXI=?= uns"), "Über uns");
    EXPECT_EQ(decoded_words("=?utf-8?Q?Caf=C3=A9_au_lait?="), "Café au lait");
    EXPECT_EQ(decoded_words("=?iso-8859-1?Q?Gr=FC=DFe?="), "Grüße");
    EXPECT_EQ(decoded_words("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="), "日本");
    // Blanks between two words are no text; a character may be cut in two.
    EXPECT_EQ(decoded_words("=?UTF-8?Q?a?=  =?UTF-8?Q?b?= c"), "ab c");
    EXPECT_EQ(decoded_words("=?UTF-8?B?w5w=?= =?UTF-8?Q?=C3?= =?UTF-8?Q?=9C?="), "ÜÜ");
    EXPECT_EQ(decoded_words("(=?utf-8?q?x?=)"), "(x)");
    EXPECT_EQ(decoded_words("=?UTF-8*en?Q?hi?="), "hi");
    EXPECT_EQ(decoded_words("=?what?X?y?= =?broken"), "=?what?X?y?= =?broken");
}

TEST(MimeText, DecodesTransferEncodings) {
    EXPECT_EQ(from_base64("aGVs\r\nbG8=\r\n"), "hello");
    EXPECT_EQ(from_base64("aGVsbG8"), "hello");
    EXPECT_EQ(from_quoted_printable("a=3Db=\r\nc =C3=BC"), "a=bc ü");
    EXPECT_EQ(from_quoted_printable("a= \r\nb=zz="), "ab=zz");
    EXPECT_EQ(from_quoted_printable("="), "");
}

TEST(MimeText, TurnsCharsetsIntoUtf8) {
    EXPECT_EQ(to_utf8("\x93quoted\x94 \x80", "ISO-8859-1"), "“quoted” €");
    EXPECT_EQ(to_utf8("\xC3\xBC\xFF", "utf-8"), "ü\xEF\xBF\xBD");
    EXPECT_EQ(to_utf8("\xE9", "no-such-charset"), "\xEF\xBF\xBD");
    EXPECT_EQ(to_utf8("\xCF\xF0\xE8\xE2\xE5\xF2", "windows-1251"), "Привет");
}

TEST(MimeText, ReadsParameters) {
    const auto type = parameter_field("Multipart/Mixed; BOUNDARY=\"a;\\\"b\" ; charset=utf-8");
    EXPECT_EQ(type.value, "multipart/mixed");
    EXPECT_THAT(type.parameters, ElementsAre(Pair("boundary", "a;\"b"), Pair("charset", "utf-8")));
    EXPECT_EQ(
        parameter_field("attachment; filename*=UTF-8''Rechnung%20%C3%BC.pdf").parameter("filename"),
        "Rechnung ü.pdf");
    EXPECT_EQ(parameter_field("attachment; filename*1=\"voice.pdf\"; filename*0*=utf-8''%C3%9C-In")
                  .parameter("filename"),
              "Ü-Invoice.pdf");
    EXPECT_EQ(
        parameter_field("attachment; filename=\"=?UTF-8?Q?=C3=BC.txt?=\"").parameter("filename"),
        "ü.txt");
}

constexpr std::string_view nested =
    "From: =?UTF-8?Q?Paydesk_=C2=B7_Billing?= <billing@example.com>\r\n"
    "To: ada@example.com\r\nSubject: Your\r\n invoice\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=outer\r\n\r\n"
    "preamble\r\n--outer\r\nContent-Type: multipart/related; boundary=\"in ner\"\r\n\r\n"
    "--in ner\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n"
    "--alt\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\nPay =E2=82=AC5: http://x.example/pay?a=3D1&b=3D2.\r\n"
    "--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    "<p>Pay <a href=\"http://x.example/pay?a=1&amp;b=2\">now</a><img src=\"cid:logo@x\"></p>\r\n"
    "--alt--\r\n\r\n--in ner\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\n"
    "Content-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0=\r\n"
    "--in ner--\r\n--outer \r\nContent-Type: application/pdf; name=\"i.pdf\"\r\n"
    "Content-Disposition: attachment; filename*=UTF-8''%C3%BC.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--outer--\r\nepilogue\r\n";

TEST(Message, IsTakenApart) {
    const auto message = parse_message(nested);
    EXPECT_EQ(message.header("from"), "Paydesk · Billing <billing@example.com>");
    EXPECT_EQ(message.header("Subject"), "Your invoice");
    EXPECT_EQ(message.text, "Pay €5: http://x.example/pay?a=1&b=2.");
    EXPECT_THAT(message.html, testing::HasSubstr("cid:logo@x"));
    ASSERT_THAT(message.attachments, SizeIs(2));
    EXPECT_EQ(message.attachments[0].content_id, "logo@x");
    EXPECT_EQ(message.attachments[0].content, "\x89PNG\x0d");
    EXPECT_EQ(message.attachments[1].name, "ü.pdf");
    EXPECT_EQ(message.attachments[1].content, "%PDF-");
    EXPECT_THAT(links_of(message), ElementsAre("http://x.example/pay?a=1&b=2"));
}

TEST(Message, TakesWhatIsSimpleOrBroken) {
    EXPECT_EQ(parse_message("Subject: hi\n\nline\nline").text, "line\nline");
    EXPECT_EQ(parse_message("no headers at all").text, "no headers at all");
    EXPECT_EQ(parse_message("").text, "");
    EXPECT_EQ(parse_message("Content-Type: text/html; charset=iso-8859-1\r\n\r\n<b>\xFC</b>").html,
              "<b>ü</b>");
    // A boundary that never comes again: what there is, is read.
    EXPECT_EQ(parse_message("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nall").text,
              "all");
    EXPECT_THAT(
        parse_message("Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx").attachments,
        SizeIs(1));
}

TEST(Message, EverySliceAndNestingIsSurvived) {
    for (std::size_t end = 0; end <= nested.size(); ++end) {
        const auto message = parse_message(nested.substr(0, end));
        EXPECT_TRUE(stripe::is_utf8(message.text) && stripe::is_utf8(message.html)) << end;
    }
    std::string deep;
    for (int i = 0; i < 500; ++i) {
        const auto boundary = "b" + std::to_string(i);
        deep += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary +
                "\r\n";
    }
    EXPECT_LE(parse_message(deep + "\r\nend").attachments.size(), 500u);
}

TEST(Message, WordsOfHtml) {
    EXPECT_EQ(words_of_html("<style>p{}</style><p>Hello <b>Ada</b></p>"), " Hello Ada ");
}

}  // namespace
}  // namespace paydesk::sandbox
