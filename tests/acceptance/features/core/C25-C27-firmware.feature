Feature: C25 to C27 Firmware files are registered and changed

  Background:
    Given the manufacturer "TSTM" with the model "TM25"

  Scenario: C25 With contents, without module versions
    When the firmware file "FW25A" is added for "TM25" by "TSTM" with
      | path | value    |
      | File | contents |
    Then it is registered with
      | path     | value |
      | HashType | SHA256 |

  Scenario: C25 Without contents
    When the firmware file "FW25B" is added for "TM25" by "TSTM" with
      | path   | value |
      | Active | true  |
    Then it ends with fault 701

  Scenario: C25 With every module version
    When the firmware file "FW25C" is added for "TM25" by "TSTM" with
      | path                                              | value    |
      | File                                              | contents |
      | FirmwareModuleData/ModuleVersionComm              | comm     |
      | FirmwareModuleData/ModuleVersionFunc              | func     |
      | FirmwareModuleData/ModuleVersionMa                | ma       |
      | FirmwareModuleData/ModuleVersionMbus              | mbus     |
      | FirmwareModuleData/ModuleVersionSec               | sec      |
      | FirmwareModuleData/ModuleVersionMBusDriverActive  | mbda     |
    Then it is registered with
      | path                                             | value |
      | FirmwareModuleData/ModuleVersionComm             | comm  |
      | FirmwareModuleData/ModuleVersionFunc             | func  |
      | FirmwareModuleData/ModuleVersionMa               | ma    |
      | FirmwareModuleData/ModuleVersionMbus             | mbus  |
      | FirmwareModuleData/ModuleVersionSec              | sec   |
      | FirmwareModuleData/ModuleVersionMBusDriverActive | mbda  |

  Scenario: C26 Added, then changed
    When the firmware file "1234567890ABCBEF" is added or changed for "TM25" by "TSTM" with
      | path        | value |
      | Description | First |
    And the firmware file "1234567890ABCBEF" is added or changed for "TM25" by "TSTM" with
      | path                                   | value    |
      | Description                            | Second   |
      | File                                   | contents |
      | ImageIdentifier                        | image    |
      | FirmwareModuleData/ModuleVersionActive | 2        |
    Then it is registered with
      | path                                   | value  |
      | Description                            | Second |
      | HashType                               | SHA256 |
      | DeviceModels/1/ModelCode               | TM25   |
      | FirmwareModuleData/ModuleVersionActive | 2      |
