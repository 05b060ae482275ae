package meterstream.interop;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.IllegalAttributeAccessException;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.datatypes.DataObject.Type;

/** Clock, class 8 (IEC 62056-6-2): runs on from the time that was last set, with the deviation that came with it. */
@CosemClass(id = 8, version = 0)
public final class Clock extends CosemInterfaceObject {

    private static final int OCTETS = 12;

    @CosemAttribute(id = 2, type = Type.OCTET_STRING, accessMode = AttributeAccessMode.READ_AND_WRITE)
    private DataObject time;

    @CosemAttribute(id = 3, type = Type.LONG_INTEGER, accessMode = AttributeAccessMode.READ_AND_WRITE)
    private DataObject timeZone = DataObject.newInteger16Data((short) -60);

    @CosemAttribute(id = 4, type = Type.UNSIGNED, accessMode = AttributeAccessMode.READ_ONLY)
    private DataObject status = DataObject.newUInteger8Data((short) 0);

    private LocalDateTime setTo;
    private Instant setAt;
    private short deviation;
    private byte clockStatus;

    public Clock() {
        super("0.0.1.0.0.255");
        setTo = LocalDateTime.of(2024, 1, 1, 0, 0);
        setAt = Instant.now();
    }

    /** The present time: date and time of 12 octets, hundredths not specified. */
    public DataObject getTime() {
        LocalDateTime now = setTo.plus(Duration.between(setAt, Instant.now()));
        ByteBuffer octets = ByteBuffer.allocate(OCTETS);
        octets.putShort((short) now.getYear());
        octets.put((byte) now.getMonthValue()).put((byte) now.getDayOfMonth());
        octets.put((byte) now.getDayOfWeek().getValue());
        octets.put((byte) now.getHour()).put((byte) now.getMinute()).put((byte) now.getSecond()).put((byte) 0xFF);
        octets.putShort(deviation).put(clockStatus);
        return DataObject.newOctetStringData(octets.array());
    }

    /** Takes a fully specified date and time; anything else is refused with other-reason. */
    public void setTime(DataObject value) throws IllegalAttributeAccessException {
        byte[] raw = value.getValue();
        if (raw.length != OCTETS) {
            throw new IllegalAttributeAccessException(AccessResultCode.TYPE_UNMATCHED);
        }
        ByteBuffer octets = ByteBuffer.wrap(raw);
        try {
            setTo = LocalDateTime.of(octets.getShort(0), raw[2], raw[3], raw[5], raw[6], raw[7]);
        } catch (java.time.DateTimeException error) {
            throw new IllegalAttributeAccessException(AccessResultCode.OTHER_REASON, error);
        }
        setAt = Instant.now();
        deviation = octets.getShort(9);
        clockStatus = raw[11];
    }

    public DataObject getTimeZone() {
        return timeZone;
    }

    public void setTimeZone(DataObject value) {
        timeZone = value;
    }

    public DataObject getStatus() {
        return status;
    }
}
