Feature: 032 Which key an M-Bus device has is read in a bundle

  Scenario Outline: A device on channel 1
    Given the meter "<device>" of "<version>"
    And channel 1 of "<device>" holds 9/12056731/LGB/66/3
    And the M-Bus device "<mbus>"
    And "<mbus>" is coupled on channel 1 of "<device>"
    When Bundle is asked of "<device>" with
      | path                                                                 | value  |
      | Actions/1/GetMbusEncryptionKeyStatusRequest/MbusDeviceIdentification | <mbus> |
    Then the answer has
      | path                                                                | value                 |
      | value/1/GetMbusEncryptionKeyStatusResponse/MbusDeviceIdentification | <mbus>                |
      | value/1/GetMbusEncryptionKeyStatusResponse/EncryptionKeyStatus      | ENCRYPTION_KEY_IN_USE |

    Examples:
      | version    | device            | mbus              |
      | DSMR 4.2.2 | TEST1024000000001 | TESTG102400000001 |
      | SMR 5.0.0  | TEST1027000000001 | TESTG102400000001 |
      | SMR 5.1    | TEST1028000000001 | TESTG102400000001 |
      | SMR 5.2    | TEST1029000000001 | TESTG102400000001 |
      | SMR 5.5    | TEST1030000000001 | TESTG102400000001 |
      | SMR 5.5    | TEST1030000000001 | TESTW102400000001 |
