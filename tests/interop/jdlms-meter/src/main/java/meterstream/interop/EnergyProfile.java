package meterstream.interop;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.IllegalAttributeAccessException;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.datatypes.DataObject.Type;

/** Profile generic, class 7 (IEC 62056-6-2): a day of clocks, in UTC, and energies; by range and by entry, all columns. */
@CosemClass(id = 7, version = 1)
public final class EnergyProfile extends CosemInterfaceObject {

    private static final int ROWS = 96;
    private static final Duration PERIOD = Duration.ofMinutes(15);
    private static final LocalDateTime FIRST = LocalDateTime.of(2024, 7, 1, 0, 0);
    private static final int BY_RANGE = 1;
    private static final int BY_ENTRY = 2;

    @CosemAttribute(
            id = 2,
            type = Type.ARRAY,
            accessMode = AttributeAccessMode.READ_ONLY,
            selector = {BY_RANGE, BY_ENTRY})
    private DataObject buffer;

    @CosemAttribute(id = 3, type = Type.ARRAY, accessMode = AttributeAccessMode.READ_ONLY)
    private final DataObject captureObjects =
            DataObject.newArrayData(List.of(column(8, "0000010000FF"), column(3, "0100010800FF")));

    public EnergyProfile() {
        super("1.0.99.1.0.255");
    }

    /** The rows that a client asks for; null asks for all. */
    public DataObject getBuffer(SelectiveAccessDescription selection) throws IllegalAttributeAccessException {
        if (selection == null) {
            return rows(0, ROWS - 1);
        }
        List<DataObject> parameters = selection.getAccessParameter().getValue();
        return switch (selection.getAccessSelector()) {
            case BY_RANGE -> rows(
                    Math.toIntExact(ceiling(moment(parameters.get(1)))), Math.toIntExact(floor(moment(parameters.get(2)))));
            case BY_ENTRY -> rows(number(parameters.get(0)) - 1, last(number(parameters.get(1))));
            default -> throw new IllegalAttributeAccessException(AccessResultCode.TYPE_UNMATCHED);
        };
    }

    public DataObject getCaptureObjects() {
        return captureObjects;
    }

    private static DataObject rows(int first, int last) {
        List<DataObject> rows = new ArrayList<>();
        for (int row = Math.max(first, 0); row <= Math.min(last, ROWS - 1); row++) {
            rows.add(DataObject.newStructureData(
                    DataObject.newOctetStringData(octets(FIRST.plus(PERIOD.multipliedBy(row)))),
                    DataObject.newUInteger32Data(10_000 + 31L * row)));
        }
        return DataObject.newArrayData(rows);
    }

    private static int last(int entry) {
        return entry == 0 ? ROWS - 1 : entry - 1;
    }

    private static int number(DataObject value) {
        return value.<Number>getValue().intValue();
    }

    private static long floor(LocalDateTime moment) {
        return Math.floorDiv(Duration.between(FIRST, moment).toSeconds(), PERIOD.toSeconds());
    }

    private static long ceiling(LocalDateTime moment) {
        return -Math.floorDiv(-Duration.between(FIRST, moment).toSeconds(), PERIOD.toSeconds());
    }

    /** In UTC; the deviation is what is to be added to the local time. */
    private static LocalDateTime moment(DataObject value) {
        ByteBuffer octets = ByteBuffer.wrap(value.getValue());
        short deviation = octets.getShort(9);
        return LocalDateTime.of(
                        octets.getShort(0), octets.get(2), octets.get(3), octets.get(5), octets.get(6), octets.get(7))
                .plusMinutes(deviation == Short.MIN_VALUE ? 0 : deviation);
    }

    private static byte[] octets(LocalDateTime moment) {
        return ByteBuffer.allocate(12)
                .putShort((short) moment.getYear())
                .put((byte) moment.getMonthValue())
                .put((byte) moment.getDayOfMonth())
                .put((byte) 0xFF)
                .put((byte) moment.getHour())
                .put((byte) moment.getMinute())
                .put((byte) moment.getSecond())
                .put((byte) 0)
                .putShort((short) 0)
                .put((byte) 0)
                .array();
    }

    private static DataObject column(int classId, String logicalName) {
        return DataObject.newStructureData(
                DataObject.newUInteger16Data(classId),
                DataObject.newOctetStringData(java.util.HexFormat.of().parseHex(logicalName)),
                DataObject.newInteger8Data((byte) 2),
                DataObject.newUInteger16Data(0));
    }
}
