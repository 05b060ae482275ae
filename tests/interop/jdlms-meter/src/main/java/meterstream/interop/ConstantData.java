package meterstream.interop;

import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.datatypes.DataObject.Type;

/** Data, class 1 (IEC 62056-6-2), with a number that never changes. */
@CosemClass(id = 1, version = 0)
public final class ConstantData extends CosemInterfaceObject {

    @CosemAttribute(id = 2, type = Type.DOUBLE_LONG_UNSIGNED, accessMode = AttributeAccessMode.READ_ONLY)
    private final DataObject value;

    public ConstantData(String logicalName, long value) {
        super(logicalName);
        this.value = DataObject.newUInteger32Data(value);
    }

    public DataObject getValue() {
        return value;
    }
}
