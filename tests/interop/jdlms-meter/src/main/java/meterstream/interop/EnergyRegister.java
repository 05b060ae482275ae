package meterstream.interop;

import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.datatypes.DataObject.Type;

/** Register, class 3 (IEC 62056-6-2): active energy in Wh, scaler 0. */
@CosemClass(id = 3, version = 0)
public final class EnergyRegister extends CosemInterfaceObject {

    private static final int WATT_HOUR = 30;

    @CosemAttribute(id = 2, type = Type.DOUBLE_LONG_UNSIGNED, accessMode = AttributeAccessMode.READ_ONLY)
    private final DataObject value;

    @CosemAttribute(id = 3, type = Type.STRUCTURE, accessMode = AttributeAccessMode.READ_ONLY)
    private final DataObject scalerUnit;

    public EnergyRegister(String logicalName, long wattHours) {
        super(logicalName);
        value = DataObject.newUInteger32Data(wattHours);
        scalerUnit = DataObject.newStructureData(
                DataObject.newInteger8Data((byte) 0), DataObject.newEnumerateData(WATT_HOUR));
    }

    public DataObject getValue() {
        return value;
    }

    public DataObject getScalerUnit() {
        return scalerUnit;
    }
}
