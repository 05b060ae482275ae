package meterstream.interop;

import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.IllegalAttributeAccessException;
import org.openmuc.jdlms.datatypes.DataObject;

/** Data, class 1 (IEC 62056-6-2), that keeps what was written to it. */
@CosemClass(id = 1, version = 0)
public final class StoredData extends CosemInterfaceObject {

    @CosemAttribute(id = 2, accessMode = AttributeAccessMode.READ_AND_WRITE)
    private DataObject value;

    public StoredData(String logicalName, DataObject value) {
        super(logicalName);
        this.value = value;
    }

    public DataObject getValue() {
        return value;
    }

    /** Takes a value of the type it has. */
    public void setValue(DataObject written) throws IllegalAttributeAccessException {
        if (written.getType() != value.getType()) {
            throw new IllegalAttributeAccessException(AccessResultCode.TYPE_UNMATCHED);
        }
        value = written;
    }
}
