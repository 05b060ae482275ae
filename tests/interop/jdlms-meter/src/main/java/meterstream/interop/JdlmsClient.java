package meterstream.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.GetResult;
import org.openmuc.jdlms.MethodParameter;
import org.openmuc.jdlms.MethodResult;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SecuritySuite.EncryptionMechanism;
import org.openmuc.jdlms.SecuritySuite.SecurityPolicy;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.SetParameter;
import org.openmuc.jdlms.TcpConnectionBuilder;

/**
 * The client of jDLMS, told what to do by lines on its standard input; each is answered by one line, "ok" with values or
 * "error" with a class and a text. Prints "READY 0" when it listens, and ends when its input does.
 *
 * <pre>
 * open host=… port=… sap=… mechanism=NONE|LOW|HLS5_GMAC [encryption=NONE|AES_GCM_128|AES_GCM_256] [ek=HEX] [ak=HEX]
 *      [password=HEX] [counter=N] [framing=wrapper|hdlc] [manufacturer=ABC device=N]
 * get CLASS:OBIS:ATTRIBUTE[:SELECTOR=VALUE] …      one is a normal request, more are a with-list
 * set CLASS:OBIS:ATTRIBUTE=VALUE …
 * action CLASS:OBIS:METHOD=VALUE
 * release
 * abort
 * </pre>
 *
 * A value is a Text; a result other than success is "!" and its number.
 */
public final class JdlmsClient {

    private static final int RESPONSE_TIMEOUT_MS = 5_000;
    private static final int CHALLENGE_OCTETS = 16;

    private DlmsConnection connection;

    private JdlmsClient() {}

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
        answers.println("READY 0");
        JdlmsClient client = new JdlmsClient();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(client.answer(line));
        }
        client.abort();
    }

    /** Whatever goes wrong in the library is an answer: it is what the tests look at. */
    private String answer(String line) {
        String[] words = line.split(" ");
        List<String> rest = List.of(words).subList(1, words.length);
        try {
            return switch (words[0]) {
                case "open" -> open(rest);
                case "get" -> get(rest);
                case "set" -> set(rest);
                case "action" -> action(rest.get(0));
                case "release" -> release();
                case "abort" -> abort();
                default -> throw new IllegalArgumentException("no such command: " + words[0]);
            };
        } catch (IOException | RuntimeException error) {
            return "error " + error.getClass().getSimpleName() + " " + String.valueOf(error.getMessage()).replace('\n', ' ');
        }
    }

    private String open(List<String> words) throws IOException {
        abort();
        Map<String, String> options = new HashMap<>();
        for (String word : words) {
            options.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
        }
        TcpConnectionBuilder builder = new TcpConnectionBuilder(options.get("host"))
                .setPort(Integer.parseInt(options.get("port")))
                .setClientId(Integer.parseInt(options.get("sap")))
                .setLogicalDeviceId(1)
                .setResponseTimeout(RESPONSE_TIMEOUT_MS)
                .setChallengeLength(CHALLENGE_OCTETS)
                .setFrameCounter(Long.parseLong(options.getOrDefault("counter", "1")))
                .setSystemTitle(options.getOrDefault("manufacturer", "MST"), Long.parseLong(options.getOrDefault("device", "77")))
                .setSecuritySuite(suite(options));
        connection = (options.getOrDefault("framing", "wrapper").equals("hdlc") ? builder.useHdlc() : builder.useWrapper())
                .build();
        return "ok";
    }

    private static SecuritySuite suite(Map<String, String> options) {
        HexFormat hex = HexFormat.of();
        SecuritySuite.SecuritySuiteBuilder suite = SecuritySuite.builder()
                .setAuthenticationMechanism(AuthenticationMechanism.valueOf(options.get("mechanism")));
        if (options.containsKey("encryption")) {
            suite.setEncryptionMechanism(EncryptionMechanism.valueOf(options.get("encryption")))
                    .setSecurityPolicy(SecurityPolicy.AUTHENTICATED_AND_ENCRYPTED)
                    .setGlobalUnicastEncryptionKey(hex.parseHex(options.get("ek")))
                    .setAuthenticationKey(hex.parseHex(options.get("ak")));
        }
        if (options.containsKey("password")) {
            suite.setPassword(hex.parseHex(options.get("password")));
        }
        return suite.build();
    }

    private String get(List<String> words) throws IOException {
        List<AttributeAddress> addresses = new ArrayList<>();
        for (String word : words) {
            addresses.add(address(word));
        }
        List<GetResult> results =
                addresses.size() == 1 ? List.of(connection.get(addresses.get(0))) : connection.get(addresses);
        return results.stream()
                .map(result -> result.requestSuccessful()
                        ? Text.of(result.getResultData())
                        : "!" + result.getResultCode().getCode())
                .collect(Collectors.joining(" ", "ok ", ""));
    }

    private String set(List<String> words) throws IOException {
        List<SetParameter> parameters = new ArrayList<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            parameters.add(new SetParameter(address(word.substring(0, equals)), Text.parse(word.substring(equals + 1))));
        }
        List<AccessResultCode> results =
                parameters.size() == 1 ? List.of(connection.set(parameters.get(0))) : connection.set(parameters);
        return results.stream().map(result -> "!" + result.getCode()).collect(Collectors.joining(" ", "ok ", ""));
    }

    private String action(String word) throws IOException {
        int equals = word.indexOf('=');
        String[] parts = word.substring(0, equals).split(":");
        MethodResult result = connection.action(new MethodParameter(
                Integer.parseInt(parts[0]), parts[1], Integer.parseInt(parts[2]), Text.parse(word.substring(equals + 1))));
        return "ok !" + result.getResultCode().getCode();
    }

    private String release() throws IOException {
        DlmsConnection released = connection;
        connection = null;
        released.disconnect();
        return "ok";
    }

    private String abort() {
        if (connection != null) {
            try {
                connection.close();
            } catch (IOException error) {
                return "ok " + error.getClass().getSimpleName(); // it was closed by the other side
            } finally {
                connection = null;
            }
        }
        return "ok";
    }

    private static AttributeAddress address(String word) {
        int equals = word.indexOf('=');
        String[] parts = (equals < 0 ? word : word.substring(0, equals)).split(":");
        int classId = Integer.parseInt(parts[0]);
        int attribute = Integer.parseInt(parts[2]);
        if (equals < 0) {
            return new AttributeAddress(classId, parts[1], attribute);
        }
        return new AttributeAddress(
                classId,
                parts[1],
                attribute,
                new SelectiveAccessDescription(Integer.parseInt(parts[3]), Text.parse(word.substring(equals + 1))));
    }
}
