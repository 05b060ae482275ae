package meterstream.interop;

import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.DlmsServer;
import org.openmuc.jdlms.LogicalDevice;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SecuritySuite.EncryptionMechanism;
import org.openmuc.jdlms.SecuritySuite.SecurityPolicy;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.sessionlayer.server.ServerSessionLayerFactories;

/**
 * A meter on the server role of jDLMS: TCP wrapper, logical device 1, management client 1 with HLS 5 (GMAC, suite 0),
 * public client 16 without security; with --password also client 2 with LLS, ciphered, and 3 with LLS alone; with
 * --encryption-key-256 and --authentication-key-256 client 11 with HLS 5 and AES-256. --framing hdlc takes HDLC over
 * TCP instead of the wrapper.
 *
 * <p>Arguments, all others required: --port N --manufacturer ABC --serial N --logical-device-name TEXT --encryption-key HEX
 * --authentication-key HEX --master-key HEX --invocation-counter N. The system title is the manufacturer's three letters
 * and the serial number in five octets. Prints "READY port" when it listens, and ends when its standard input does.
 */
public final class JdlmsMeter {

    private static final int LOGICAL_DEVICE = 1;
    private static final int MANAGEMENT_CLIENT = 1;
    private static final int PASSWORD_CLIENT = 2;
    private static final int PLAIN_PASSWORD_CLIENT = 3;
    private static final int SUITE_2_CLIENT = 11;
    private static final int PUBLIC_CLIENT = 16;
    private static final int INACTIVITY_TIMEOUT_MS = 30_000;
    private static final int MAX_CLIENTS = 8;

    private JdlmsMeter() {}

    public static void main(String[] arguments) throws IOException {
        Map<String, String> options = options(arguments);
        int port = Integer.parseInt(option(options, "port"));
        DlmsServer server = DlmsServer.tcpServerBuilder(port)
                .setSessionLayerFactory(
                        options.getOrDefault("framing", "wrapper").equals("hdlc")
                                ? ServerSessionLayerFactories.newHdlcSessionLayerFactory()
                                : ServerSessionLayerFactories.newWrapperSessionLayerFactory())
                .setMaxClients(MAX_CLIENTS)
                .setInactivityTimeout(INACTIVITY_TIMEOUT_MS)
                .registerLogicalDevice(logicalDevice(options))
                .build();
        System.out.println("READY " + port);
        System.out.flush();
        // Whoever started this process holds the other end: it ends with them, whatever ended them.
        System.in.transferTo(OutputStream.nullOutputStream());
        server.close();
    }

    private static LogicalDevice logicalDevice(Map<String, String> options) {
        HexFormat hex = HexFormat.of();
        byte[] encryption = hex.parseHex(option(options, "encryption-key"));
        byte[] authentication = hex.parseHex(option(options, "authentication-key"));
        SecuritySuite management = ciphered(EncryptionMechanism.AES_GCM_128, encryption, authentication)
                .setAuthenticationMechanism(AuthenticationMechanism.HLS5_GMAC)
                .build();
        LogicalDevice device = new LogicalDevice(
                LOGICAL_DEVICE,
                option(options, "logical-device-name"),
                option(options, "manufacturer"),
                Long.parseLong(option(options, "serial")));
        device.setMasterKey(hex.parseHex(option(options, "master-key")));
        device.addRestriction(MANAGEMENT_CLIENT, management);
        device.addRestriction(PUBLIC_CLIENT, SecuritySuite.builder().build());
        if (options.containsKey("password")) {
            byte[] password = hex.parseHex(option(options, "password"));
            device.addRestriction(
                    PASSWORD_CLIENT,
                    ciphered(EncryptionMechanism.AES_GCM_128, encryption, authentication)
                            .setAuthenticationMechanism(AuthenticationMechanism.LOW)
                            .setPassword(password)
                            .build());
            device.addRestriction(
                    PLAIN_PASSWORD_CLIENT,
                    SecuritySuite.builder()
                            .setAuthenticationMechanism(AuthenticationMechanism.LOW)
                            .setPassword(password)
                            .build());
        }
        if (options.containsKey("encryption-key-256")) {
            device.addRestriction(
                    SUITE_2_CLIENT,
                    ciphered(
                                    EncryptionMechanism.AES_GCM_256,
                                    hex.parseHex(option(options, "encryption-key-256")),
                                    hex.parseHex(option(options, "authentication-key-256")))
                            .setAuthenticationMechanism(AuthenticationMechanism.HLS5_GMAC)
                            .build());
        }
        return device.registerCosemObject(
                new Clock(),
                new EnergyRegister("1.0.1.8.0.255", 18_422_107),
                new EnergyRegister("1.0.1.8.1.255", 10_021_040),
                new EnergyRegister("1.0.1.8.2.255", 8_401_067),
                new EnergyRegister("1.0.2.8.0.255", 3_100_250),
                new EnergyRegister("1.0.2.8.1.255", 1_000_200),
                new EnergyRegister("1.0.2.8.2.255", 2_100_050),
                new StoredData("0.0.97.98.10.255", DataObject.newUInteger32Data(0)),
                new StoredData("0.0.96.13.0.255", DataObject.newOctetStringData(text())),
                new EnergyProfile(),
                new Disconnector(),
                new ConstantData("0.0.43.1.0.255", Long.parseLong(option(options, "invocation-counter"))));
    }

    private static SecuritySuite.SecuritySuiteBuilder ciphered(
            EncryptionMechanism mechanism, byte[] encryption, byte[] authentication) {
        return SecuritySuite.builder()
                .setEncryptionMechanism(mechanism)
                .setSecurityPolicy(SecurityPolicy.AUTHENTICATED_AND_ENCRYPTED)
                .setGlobalUnicastEncryptionKey(encryption)
                .setAuthenticationKey(authentication);
    }

    /** The octets 1 to 255, four times. */
    private static byte[] text() {
        byte[] text = new byte[4 * 255];
        for (int index = 0; index < text.length; index++) {
            text[index] = (byte) (index % 255 + 1);
        }
        return text;
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> found = new HashMap<>();
        for (int index = 0; index + 1 < arguments.length; index += 2) {
            found.put(arguments[index].replaceFirst("^--", ""), arguments[index + 1]);
        }
        return found;
    }

    private static String option(Map<String, String> options, String name) {
        String value = options.get(name);
        if (value == null) {
            System.err.println("--" + name + " is missing");
            System.exit(2);
        }
        return value;
    }
}
